/**
 * Writes test/vectors/*.json, which Solidity and TypeScript both check. Made with independent libraries only (viem, noble):
 * nothing of packages/protocol, which is under test. Deterministic: running it again changes nothing.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  concat,
  encodeAbiParameters,
  encodePacked,
  type Hex,
  hashTypedData,
  hexToBytes,
  keccak256,
  numberToHex,
  toBytes,
  toHex,
} from "viem";
import { publicKeyToAddress } from "viem/accounts";
import { contractsDir } from "./forge.ts";

const { Point } = secp256k1;
const order = Point.Fn.ORDER;
const domain = {
  name: "Sequorum",
  version: "1",
  chainId: 31_337n,
  verifyingContract: "0x5fbdb2315678afecb367f032d93f642f64180aa3",
} as const;
const domainJson = { chainId: domain.chainId.toString(), rollupChain: domain.verifyingContract };

await write("batch-header", { domain: domainJson, cases: [0, 1, 2, 3, 4, 5].map(headerCase) });
await write("epoch-update", { domain: domainJson, cases: [1, 2, 5, 20].map(updateCase) });
await write("da-root", {
  pattern: "byte i of the data is (131 i + size) mod 256",
  cases: [
    0,
    1,
    31,
    1_023,
    1_024,
    1_025,
    2_048,
    3_000,
    5_120,
    7_169,
    33 * 1_024,
    98_304,
    131_072,
  ].map(chunkCase),
});
await write("schnorr", {
  cases: Array.from({ length: 16 }, (_, i) => schnorrCase(i)).concat(edgeCases()),
});
await write("frost-proof", { cases: [1, 3, 5, 7].map(proofCase) });

async function write(name: string, content: object): Promise<void> {
  const count = (content as { cases: unknown[] }).cases.length;
  const file = path.join(contractsDir, "test", "vectors", `${name}.json`);
  await writeFile(
    file,
    `${JSON.stringify({ generator: "contracts/scripts/generate-vectors.ts", count, ...content }, null, 1)}\n`,
  );
}

// Batch headers

function headerTypes() {
  return [
    ["version", "uint16"],
    ["stfVersion", "uint16"],
    ["chainId", "uint64"],
    ["index", "uint64"],
    ["parentHash", "bytes32"],
    ["firstBlock", "uint64"],
    ["lastBlock", "uint64"],
    ["parentBlockHash", "bytes32"],
    ["lastBlockHash", "bytes32"],
    ["postStateRoot", "bytes32"],
    ["blockRoot", "bytes32"],
    ["daKind", "uint8"],
    ["daSize", "uint32"],
    ["daRoot", "bytes32"],
    ["queueFrom", "uint64"],
    ["queueTo", "uint64"],
    ["l1OriginNumber", "uint64"],
    ["l1OriginHash", "bytes32"],
    ["epoch", "uint64"],
    ["proposer", "address"],
    ["timestamp", "uint64"],
  ].map(([name = "", type = ""]) => ({ name, type }));
}

/** Case 0 is all zero, case 1 all ones, the others pseudo-random. */
function headerCase(n: number) {
  const types = headerTypes();
  const values = types.map(({ name, type }) => {
    const size = type === "bytes32" ? 32 : type === "address" ? 20 : Number(type.slice(4)) / 8;
    const byte = n === 0 ? "00" : "ff";
    return n < 2
      ? (`0x${byte.repeat(size)}` as Hex)
      : (`0x${hash(`${name} ${n}`).slice(2, 2 + 2 * size)}` as Hex);
  });
  const typed = types.map(({ type }, i) =>
    type.startsWith("uint") ? BigInt(values[i] ?? "0x0") : (values[i] ?? "0x"),
  );
  const message = Object.fromEntries(types.map(({ name }, i) => [name, typed[i]]));
  return {
    header: Object.fromEntries(types.map(({ name }, i) => [name, String(typed[i])])),
    encoded: encodeAbiParameters(types, typed),
    digest: hashTypedData({
      domain,
      types: { BatchHeader: types },
      primaryType: "BatchHeader",
      message,
    }),
  };
}

// Epoch updates

function updateCase(memberCount: number) {
  const members = Array.from({ length: memberCount }, (_, i) => addressOf(scalar(`member ${i}`)));
  const groupKey = numberToHex(evenKey(`group ${memberCount}`).x, { size: 32 });
  const update = {
    epoch: BigInt(memberCount),
    schemeId: keccak256(toBytes("frost-secp256k1")),
    threshold: Math.ceil((2 * memberCount) / 3),
    membersHash: keccak256(
      encodePacked(
        members.map(() => "address"),
        members,
      ),
    ),
    groupKeyHash: keccak256(groupKey),
    previousUpdateHash:
      memberCount === 1 ? (`0x${"00".repeat(32)}` as Hex) : hash(`previous ${memberCount}`),
  };
  const types = {
    EpochUpdate: [
      { name: "epoch", type: "uint64" },
      { name: "schemeId", type: "bytes32" },
      { name: "threshold", type: "uint16" },
      { name: "membersHash", type: "bytes32" },
      { name: "groupKeyHash", type: "bytes32" },
      { name: "previousUpdateHash", type: "bytes32" },
    ],
  } as const;
  const digest = hashTypedData({ domain, types, primaryType: "EpochUpdate", message: update });
  return {
    members,
    groupKey,
    update: { ...update, epoch: update.epoch.toString(), threshold: String(update.threshold) },
    digest,
  };
}

// Data

function chunkCase(size: number) {
  const data = Uint8Array.from({ length: size }, (_, i) => (131 * i + size) % 256);
  const chunks = Array.from({ length: Math.ceil(size / 1_024) }, (_, i) =>
    data.subarray(1_024 * i, 1_024 * (i + 1)),
  );
  return {
    size: String(size),
    dataHash: keccak256(data),
    root: fold(chunks.map((chunk) => keccak256(concat([Uint8Array.of(0), chunk])))),
  };
}

function fold(level: Hex[]): Hex {
  if (level.length <= 1) return level[0] ?? `0x${"00".repeat(32)}`;
  const parents: Hex[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const [left = "0x", right] = [level[i], level[i + 1]];
    parents.push(right === undefined ? left : keccak256(concat(["0x01", left, right])));
  }
  return fold(parents);
}

// Schnorr signatures of FROST-secp256k1-ETHKECCAK-v1 and whole proofs

function schnorrCase(n: number) {
  const key = evenKey(`schnorr ${n}`);
  const digest = hash(`digest ${n}`);
  return {
    description: "made by the definition",
    px: word(key.x),
    digest,
    ...sign(key, digest, `nonce ${n}`),
    valid: true,
  };
}

function edgeCases() {
  const good = schnorrCase(0);
  const key = evenKey("schnorr 0");
  const zero = `0x${"00".repeat(20)}` as Hex;
  const odd = sign({ x: key.x, secret: order - key.secret }, good.digest, "nonce 0");
  return [
    { ...good, description: "s = n - s", s: word(order - BigInt(good.s)), valid: false },
    { ...good, description: "s = n", s: word(order), valid: false },
    { ...good, description: "s = 0", s: word(0n), valid: false },
    { ...good, description: "R = 0", r: zero, valid: false },
    { ...good, description: "Px = 0", px: word(0n), valid: false },
    { ...good, description: "Px = n", px: word(order), valid: false },
    { ...good, description: "Px is no x-coordinate", px: word(5n), valid: false },
    { ...good, description: "another digest", digest: hash("another"), valid: false },
    { ...good, description: "signed by the odd-Y key", ...odd, valid: false },
    { ...good, description: "key of another case", px: schnorrCase(1).px, valid: false },
  ];
}

function proofCase(memberCount: number) {
  const key = evenKey(`proof ${memberCount}`);
  const digest = hash(`proof digest ${memberCount}`);
  const secrets = Array.from({ length: memberCount }, (_, i) =>
    scalar(`endorser ${memberCount} ${i}`),
  );
  const endorsers = secrets
    .map((secret, i) => ({ secret, i }))
    .slice(memberCount - Math.ceil((2 * memberCount) / 3));
  const bitmap = endorsers.reduce((bits, { i }) => bits | (1n << BigInt(i)), 0n);
  const { r, s } = sign(key, digest, `proof nonce ${memberCount}`);
  const endorsements = endorsers.map(({ secret }) => compact(secret, digest));
  return {
    groupKey: word(key.x),
    digest,
    members: secrets.map(addressOf),
    bitmap: bitmap.toString(),
    proof: concat([r, s, word(bitmap), ...endorsements]),
  };
}

type Key = { readonly x: bigint; readonly secret: bigint };

/** s = k + e x with e = keccak256(Px | 27 | digest | address(R)) mod n. */
function sign(key: Key, digest: Hex, nonce: string): { r: Hex; s: Hex } {
  const k = scalar(nonce);
  const r = addressOf(k);
  const e = BigInt(keccak256(concat([word(key.x), "0x1b", digest, r]))) % order;
  return { r, s: word((k + e * key.secret) % order) };
}

/** EIP-2098. */
function compact(secret: bigint, digest: Hex): Hex {
  const bytes = secp256k1.sign(hexToBytes(digest), hexToBytes(word(secret)), {
    prehash: false,
    lowS: true,
    format: "recovered",
  });
  const s = BigInt(toHex(bytes.subarray(33, 65)));
  return concat([toHex(bytes.subarray(1, 33)), word(s | (BigInt(bytes[0] ?? 0) << 255n))]);
}

function evenKey(name: string): Key {
  const secret = scalar(name);
  const { x, y } = Point.BASE.multiply(secret).toAffine();
  return { x, secret: y % 2n === 0n ? secret : order - secret };
}

function addressOf(secret: bigint): Hex {
  return publicKeyToAddress(`0x${Point.BASE.multiply(secret).toHex(false)}`).toLowerCase() as Hex;
}

function scalar(name: string): bigint {
  return BigInt(hash(name)) % order;
}

function hash(name: string): Hex {
  return keccak256(toBytes(name));
}

function word(value: bigint): Hex {
  return numberToHex(value, { size: 32 });
}
