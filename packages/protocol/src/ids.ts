/** Identifiers and quantities of the protocol as flavoured types: plain literals fit, two flavours do not mix. */

declare const flavour: unique symbol;

/** `Base` with a compile-time tag; a value without a tag is assignable, one with another tag is not. */
export type Flavoured<Base, Tag extends string> = Base & { readonly [flavour]?: Tag };

/** Height of an L2 block; genesis is 0. */
export type BlockHeight = Flavoured<bigint, "BlockHeight">;
/** Number of a leadership term; the first is 1. */
export type Term = Flavoured<bigint, "Term">;
/** Number of a membership epoch; the first is 1. */
export type Epoch = Flavoured<bigint, "Epoch">;
/** Index of a batch on L1; the first is 1. */
export type BatchIndex = Flavoured<bigint, "BatchIndex">;
/** Height of a PoS-chain block; the first is 1. */
export type PosHeight = Flavoured<bigint, "PosHeight">;
/** Number of an L1 block. */
export type L1BlockNumber = Flavoured<bigint, "L1BlockNumber">;
/** Amount in wei of the token at hand. */
export type Wei = Flavoured<bigint, "Wei">;
