import assert from "node:assert/strict";
import { test } from "node:test";
import { RLP } from "@ethereumjs/rlp";
import { createTxFromRLP } from "@ethereumjs/tx";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes } from "@sequorum/protocol";
import fc from "fast-check";
import * as codes from "../../assembly/interface.ts";
import { oracleCommon } from "../oracle/common.ts";
import { parseTransaction } from "../oracle/transaction.ts";
import { bytesOf, hexOf, integerOf, type Item, itemOf, openMachine } from "./block-host.ts";
import { envelope, type Fields, rawTransaction, signed, unsigned } from "./raw-transaction.ts";

const chainId = 7_777n;
const bytesMax = 128 * 1_024;
const common = oracleCommon(chainId);
const key = keccak_256(Uint8Array.of(1));
const machine = await openMachine(new URL("./transaction-entry.ts", import.meta.url));

type Options = { readonly isUnprotectedAllowed?: boolean };

function parse(raw: Uint8Array, { isUnprotectedAllowed = false }: Options = {}) {
  const task = [chainId, bytesMax, isUnprotectedAllowed ? 1 : 0];
  const { exit, outputs } = machine.run("transaction", { task, transactions: [raw] });
  assert.equal(outputs.length, 1);
  const content = outputs[0]?.content;
  assert.equal(outputs[0]?.kind, exit === 0 ? codes.outputTransaction : codes.outputFault);
  const fault = exit === 0 ? codes.faultNone : Number(integerOf(content, 0));
  return { fault, content };
}

const integers = (bits: number) =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }),
    fc.bigInt({ min: 0n, max: 300n }),
    fc.integer({ min: 0, max: bits }).map((bit) => 2n ** BigInt(bit) - 1n),
  );
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const fieldsArbitrary: fc.Arbitrary<Fields> = fc.record({
  type: fc.constantFrom(0, 1, 2),
  chainId: fc.constant(chainId),
  nonce: integers(64).map((nonce) => (nonce === 2n ** 64n - 1n ? 0n : nonce)),
  tip: integers(64),
  feeCap: integers(160).map((fee) => fee + 2n ** 64n),
  gasLimit: integers(63).map((gas) => gas + 30_000_000n),
  to: fc.oneof(bytes(20), fc.constant(new Uint8Array(0))),
  value: integers(224),
  data: fc.uint8Array({ maxLength: 300 }),
  accessList: fc.array(fc.tuple(bytes(20), fc.array(bytes(32), { maxLength: 3 })), {
    maxLength: 3,
  }),
});

test("a transaction decodes into the fields that an Ethereum library finds in it", () => {
  fc.assert(
    fc.property(fieldsArbitrary, (fields) => {
      const raw = rawTransaction(fields, key);
      const native = createTxFromRLP(raw, { common });
      const { fault, content } = parse(raw);
      assert.equal(fault, codes.faultNone);
      assert.equal(hexOf(bytesOf(content, 0)), hexOf(native.hash()));
      assert.equal(integerOf(content, 1), BigInt(fields.type));
      assert.equal(integerOf(content, 2), chainId);
      assert.equal(hexOf(bytesOf(content, 3)), native.getSenderAddress().toString().slice(2));
      assert.equal(integerOf(content, 4), native.nonce);
      assert.equal(integerOf(content, 5), native.gasLimit);
      assert.equal(integerOf(content, 6), fields.type === 2 ? 0n : fields.feeCap);
      assert.equal(integerOf(content, 7), fields.feeCap);
      assert.equal(integerOf(content, 8), fields.type === 2 ? fields.tip : fields.feeCap);
      assert.equal(hexOf(bytesOf(content, 9)), hexOf(fields.to));
      assert.equal(integerOf(content, 10), native.value);
      assert.equal(hexOf(bytesOf(content, 11)), hexOf(native.data));
      const accessList = "accessList" in native ? native.accessList : [];
      assert.deepEqual(RLP.encode(itemOf(content, 12)), RLP.encode(accessList));
      const signature = [native.v, native.r, native.s];
      for (const [i, part] of signature.entries()) assert.equal(integerOf(content, 13 + i), part);
    }),
    { numRuns: 300 },
  );
});

/** Items that no field should be, or only some. */
const items: fc.Arbitrary<Item> = fc.oneof(
  fc.constantFrom<Item[]>([], new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0, 1), 27n, 28n),
  fc.constantFrom<Item[]>(35n, 36n, 37n, 2n * chainId + 35n, 2n * chainId + 36n, 0n, 1n, 2n),
  integers(256),
  fc.uint8Array({ maxLength: 40 }),
  fc.array(fc.uint8Array({ maxLength: 33 }), { maxLength: 3 }),
);

type Change = (parts: Item[], raw: Uint8Array) => Uint8Array | Item[];
const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.nat({ max: 11 }), items).map(
    ([at, item]): Change =>
      (parts) =>
        parts.with(at % parts.length, item),
  ),
  fc.nat({ max: 12 }).map(
    (at): Change =>
      (parts) =>
        parts.filter((_, i) => i !== at),
  ),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(
    ([at, bits]): Change =>
      (_, raw) => {
        const place = at % raw.length;
        return raw.with(place, (raw[place] ?? 0) ^ bits);
      },
  ),
  items.map(
    (item): Change =>
      (parts) => [...parts, item],
  ),
  fc.nat().map(
    (at): Change =>
      (_, raw) =>
        raw.subarray(0, at % raw.length),
  ),
  fc.constant<Change>((_, raw) => concatBytes(raw, Uint8Array.of(0))),
);

/** Compares a raw transaction with the library; answers our fault. */
function compareWithLibrary(raw: Uint8Array, isUnprotectedAllowed: boolean): number {
  const ours = parse(raw, { isUnprotectedAllowed });
  const rules = { common, transactionBytesMax: bytesMax, isUnprotectedAllowed };
  const theirs = parseTransaction(raw, rules);
  if (theirs.type === "rejected") assertSameReason(nameOf(ours.fault), theirs.code);
  else if (hasStringForList(raw)) assert.equal(ours.fault, codes.faultMalformed);
  else {
    assert.equal(ours.fault, codes.faultNone);
    assert.equal(`0x${hexOf(bytesOf(ours.content, 3))}`, theirs.from);
  }
  return ours.fault;
}

test("a changed transaction is refused or accepted as by an Ethereum library, for the same reason", () => {
  fc.assert(
    fc.property(fieldsArbitrary, changes, fc.boolean(), (fields, change, isUnprotectedAllowed) => {
      const changed = change(signed(fields, key), rawTransaction(fields, key));
      const raw = changed instanceof Uint8Array ? changed : envelope(fields.type, changed);
      compareWithLibrary(raw, isUnprotectedAllowed);
    }),
    { numRuns: 3_000 },
  );
});

/** Fields with one value at or beyond its bound. */
const extremes: fc.Arbitrary<Partial<Fields>> = fc.oneof(
  integers(65).map((nonce) => ({ nonce })),
  integers(17).map((gasLimit) => ({ gasLimit })),
  integers(256).map((feeCap) => ({ feeCap })),
  integers(256).map((tip) => ({ tip })),
  integers(256).map((value) => ({ value })),
  integers(66).map((gasLimit) => ({ gasLimit })),
  fc.constantFrom(0n, 1n, chainId + 1n).map((chain) => ({ chainId: chain })),
  fc.constantFrom(19, 21, 32).map((length) => ({ to: new Uint8Array(length) })),
  fc
    .integer({ min: 49_150, max: 49_154 })
    .map((length) => ({ to: new Uint8Array(0), data: new Uint8Array(length) })),
);

test("a signed transaction with an extreme value is refused or accepted as by an Ethereum library", () => {
  const seen = new Map<number, number>();
  fc.assert(
    fc.property(
      fieldsArbitrary,
      extremes,
      fc.boolean(),
      (fields, extreme, isUnprotectedAllowed) => {
        const raw = rawTransaction({ ...fields, ...extreme }, key);
        const fault = compareWithLibrary(raw, isUnprotectedAllowed);
        seen.set(fault, (seen.get(fault) ?? 0) + 1);
      },
    ),
    { numRuns: 2_000 },
  );
  for (const fault of [0, 1, 5, 6, 8, 9, 10, 16, 17]) {
    assert.ok((seen.get(fault) ?? 0) > 5, `${nameOf(fault)}: ${seen.get(fault)}`);
  }
});

/**
 * Where the library's reason is an accident: it checks some values while it decodes, before the form of what is behind
 * them, and the oracle tells its errors apart by words such as "nonce", which also stand in other messages. Funds that
 * no account can have are refused here as soon as the gas alone exceeds 256 bits, together with the value by the state.
 * An r or s of 0 is a bad signature here, and a v that is neither 27 nor 28 names a wrong chain if it names one.
 */
const departures: readonly (readonly [ours: string, theirs: string])[] = [
  ["MALFORMED", "NONCE_MAX"],
  ["MALFORMED", "WRONG_CHAIN_ID"],
  ["INSUFFICIENT_FUNDS", "NONCE_MAX"],
  ["INSUFFICIENT_FUNDS", "MALFORMED"],
  ["BAD_SIGNATURE", "NONCE_MAX"],
  ["NONE", "INSUFFICIENT_FUNDS"],
  ["BAD_SIGNATURE", "MALFORMED"],
  ["WRONG_CHAIN_ID", "MALFORMED"],
];

function assertSameReason(ours: string, theirs: string): void {
  const isKnown = departures.some(([a, b]) => a === ours && b === theirs);
  if (!isKnown) assert.equal(ours, theirs);
}

/** The library takes an empty string for an empty access list or list of slots. */
function hasStringForList(raw: Uint8Array): boolean {
  if (raw[0] !== 1 && raw[0] !== 2) return false;
  const accessList = itemOf(RLP.decode(raw.subarray(1)), raw[0] === 1 ? 7 : 8);
  return !Array.isArray(accessList) || accessList.some((entry) => !Array.isArray(itemOf(entry, 1)));
}

function nameOf(fault: number): string {
  const names = Object.entries(codes).filter(
    ([name, code]) => name.startsWith("fault") && code === fault,
  );
  const name = names[0]?.[0].slice("fault".length) ?? "";
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

const plain: Fields = {
  type: 2,
  chainId,
  nonce: 0n,
  tip: 1n,
  feeCap: 10n,
  gasLimit: 2_000_000n,
  to: new Uint8Array(20).fill(7),
  value: 0n,
  data: new Uint8Array(0),
  accessList: [],
};

/** Each fault alone, in the order in which they are looked for; each leaves room for those behind it. */
const faulty: readonly (readonly [code: number, changes: Partial<Fields>])[] = [
  [codes.faultOversized, { accessList: [[new Uint8Array(20), many(4_096)]] }],
  [codes.faultMalformed, { accessList: [[new Uint8Array(19), []]] }],
  [codes.faultNonceMax, { nonce: 2n ** 64n - 1n }],
  [codes.faultInitcodeTooLarge, { to: new Uint8Array(0), data: new Uint8Array(49_153) }],
  [codes.faultWrongChainId, { chainId: chainId + 1n }],
  [codes.faultFeeCapBelowTip, { tip: 2n ** 256n - 1n }],
  [codes.faultInsufficientFunds, { feeCap: 2n ** 255n }],
  [codes.faultIntrinsicGasTooLow, { gasLimit: 20_999n }],
];

function many(count: number): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(32));
}

function faultOf(...changes: Partial<Fields>[]): number {
  const fields: Fields = Object.assign({}, plain, ...changes);
  return parse(rawTransaction(fields, key)).fault;
}

test("of two faults the one that is looked for first is named", () => {
  assert.equal(faultOf(), codes.faultNone);
  for (const [i, [code, changes]] of faulty.entries()) {
    assert.equal(faultOf(changes), code);
    for (const [later, laterChanges] of faulty.slice(i + 1)) {
      assert.equal(faultOf(laterChanges, changes), code, `${nameOf(code)} and ${nameOf(later)}`);
    }
  }
});

test("the signature is looked at last, and a high s is no signature in any type", () => {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  for (const type of [0, 1, 2] as const) {
    const fields = { ...plain, type };
    const [v, r, s] = signed(fields, key).slice(-3) as [bigint, bigint, bigint];
    const withS = (changed: bigint, parity: bigint, gasLimit = plain.gasLimit) =>
      parse(envelope(type, [...unsigned({ ...fields, gasLimit }), v ^ parity, r, changed])).fault;
    assert.equal(withS(s, 0n), codes.faultNone);
    assert.equal(withS(order - s, type === 0 ? 3n : 1n), codes.faultBadSignature);
    assert.equal(withS(order - s, 0n, 20_000n), codes.faultIntrinsicGasTooLow);
    assert.equal(withS(order / 2n + 1n, 0n), codes.faultBadSignature);
    assert.notEqual(withS(order / 2n, 0n), codes.faultMalformed);
    assert.equal(withS(0n, 0n), codes.faultBadSignature);
    const noKey = [...unsigned(fields), v, order, s];
    assert.equal(parse(envelope(type, noKey)).fault, codes.faultBadSignature);
  }
});

test("the first byte tells the type, and what is no transaction is told apart", () => {
  const cases: [number, Uint8Array][] = [
    [codes.faultMalformed, new Uint8Array(0)],
    [codes.faultMalformed, Uint8Array.of(0xc0)],
    [codes.faultMalformed, Uint8Array.of(2, 0xc0)],
    [codes.faultBlobTypeRefused, Uint8Array.of(3, 0xc0)],
    [codes.faultTypeUnknown, Uint8Array.of(0)],
    [codes.faultTypeUnknown, Uint8Array.of(4, 0xc0)],
    [codes.faultTypeUnknown, Uint8Array.of(0xbf)],
    [codes.faultOversized, new Uint8Array(bytesMax + 1)],
    [codes.faultTypeUnknown, new Uint8Array(bytesMax)],
  ];
  for (const [fault, raw] of cases)
    assert.equal(parse(raw).fault, fault, hexOf(raw.subarray(0, 2)));
});

test("a transaction without chain id is accepted only where that is allowed", () => {
  const raw = rawTransaction({ ...plain, type: 0, chainId: 0n }, key);
  assert.equal(parse(raw).fault, codes.faultUnprotected);
  const { fault, content } = parse(raw, { isUnprotectedAllowed: true });
  assert.equal(fault, codes.faultNone);
  assert.equal(integerOf(content, 2), 0n);
  const foreign = rawTransaction({ ...plain, type: 0, chainId: 5n }, key);
  assert.equal(parse(foreign, { isUnprotectedAllowed: true }).fault, codes.faultWrongChainId);
});

test("intrinsic gas counts data, creation and access list", () => {
  const fields: Fields = {
    ...plain,
    data: Uint8Array.of(0, 0, 1, 2, 3),
    accessList: [
      [new Uint8Array(20), many(2)],
      [new Uint8Array(20), []],
    ],
  };
  const gas = 21_000n + 2n * 4n + 3n * 16n + 2n * 2_400n + 2n * 1_900n;
  const creation = { ...fields, to: new Uint8Array(0), data: new Uint8Array(33).fill(1) };
  const creationGas = 53_000n + 33n * 16n + 2n * 2n + 2n * 2_400n + 2n * 1_900n;
  for (const [exact, changed] of [
    [gas, fields],
    [creationGas, creation],
  ] as const) {
    assert.equal(faultOf(changed, { gasLimit: exact }), codes.faultNone);
    assert.equal(faultOf(changed, { gasLimit: exact - 1n }), codes.faultIntrinsicGasTooLow);
  }
});
