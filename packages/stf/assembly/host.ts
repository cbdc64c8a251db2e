/** The three functions that the module imports; all that it learns or tells goes through them. */

/** Looks content up by `kind` and key (interface.ts); answers its length in bytes. A host that lacks it never returns. */
export declare function preimage(kind: i32, key: usize, keyLength: usize): i32;

/** Copies what the last `preimage` found to `destination`. */
export declare function takePreimage(destination: usize): void;

/** Hands one output to the host. Outputs never influence the run. */
export declare function emit(kind: i32, content: usize, length: usize): void;
