/**
 * CPU time of the signer's core: `node services/mpc-signer/bench/core.ts [runs]`. Medians in milliseconds for one
 * party: DKG (all its steps) and each step of a signature.
 */
import { performance } from "node:perf_hooks";
import { randomBytes } from "node:crypto";
import {
  aggregateShares,
  bytesToHex,
  ceremonyContext,
  checkRound1Package,
  encodeRound1Package,
  type GroupPublic,
  type Hex,
  isDealtShareValid,
  isSignatureShareValid,
  keccak256,
  type Round1Package,
  type SigningPackage,
} from "@sequorum/protocol";
import {
  type DealerPlace,
  dealRound1,
  dealShares,
  finishKey,
  type KeyShare,
} from "../src/core/dkg/dealer.ts";
import { computeSignatureShare, createNonce } from "../src/core/signing/nonce.ts";

const runs = Number(process.argv[2] ?? 9);
const random = (length = 32) => new Uint8Array(randomBytes(length));
const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function timed<T>(samples: number[], work: () => T): T {
  const start = performance.now();
  const result = work();
  samples.push(performance.now() - start);
  return result;
}

/** One full DKG; the time of party 0 is measured. */
function dkg(n: number, t: number, samples: number[]): { group: GroupPublic; shares: KeyShare[] } {
  const roster = Array.from(
    { length: n },
    (_, i): Hex => `0x${(i + 1).toString(16).padStart(40, "0")}`,
  );
  const domain = { l1ChainId: 1n, rollupChain: `0x${"11".repeat(20)}` as Hex };
  const context = ceremonyContext({
    domain,
    ceremonyId: bytesToHex(random()),
    epoch: 1n,
    threshold: t,
    roster,
  });
  const secrets = roster.map(() => ({ seed: bytesToHex(random()) }));
  const places = roster.map(
    (_, selfIndex): DealerPlace => ({ context, selfIndex, members: n, threshold: t }),
  );
  const start = performance.now();
  const first = dealRound1(secrets[0] as { seed: Hex }, places[0] as DealerPlace);
  let own = performance.now() - start;
  const encoded = [
    first,
    ...places.slice(1).map((place, i) => dealRound1(secrets[i + 1] as { seed: Hex }, place)),
  ].map(encodeRound1Package);
  const receivedOf = (self: number, packages: readonly Round1Package[]) =>
    places.map((place, dealer) =>
      dealer === self
        ? undefined
        : dealShares(secrets[dealer] as { seed: Hex }, { place, packages })[self],
    );
  const unchecked = encoded.map(
    (pkg, index) =>
      checkRound1Package(context, { index, threshold: t, encoded: pkg }) as Round1Package,
  );
  const received = receivedOf(0, unchecked);
  const resume = performance.now();
  const packages = encoded.map(
    (pkg, index) =>
      checkRound1Package(context, { index, threshold: t, encoded: pkg }) as Round1Package,
  );
  dealShares(secrets[0] as { seed: Hex }, { place: places[0] as DealerPlace, packages });
  for (const [dealer, share] of received.entries()) {
    if (share !== undefined)
      isDealtShareValid(packages[dealer]?.commitment ?? [], { receiverIndex: 0, share });
  }
  const key = finishKey(secrets[0] as { seed: Hex }, {
    place: places[0] as DealerPlace,
    packages,
    received,
  });
  own += performance.now() - resume;
  samples.push(own);
  return { group: key.group, shares: [key.share] };
}

/** t shares of one key, made without measuring. */
function keyShares(n: number, t: number): { group: GroupPublic; shares: KeyShare[] } {
  const roster = Array.from(
    { length: n },
    (_, i): Hex => `0x${(i + 1).toString(16).padStart(40, "0")}`,
  );
  const domain = { l1ChainId: 1n, rollupChain: `0x${"11".repeat(20)}` as Hex };
  const context = ceremonyContext({
    domain,
    ceremonyId: bytesToHex(random()),
    epoch: 1n,
    threshold: t,
    roster,
  });
  const secrets = roster.map(() => ({ seed: bytesToHex(random()) }));
  const places = roster.map(
    (_, selfIndex): DealerPlace => ({ context, selfIndex, members: n, threshold: t }),
  );
  const packages = places.map((place, i) => dealRound1(secrets[i] as { seed: Hex }, place));
  const dealt = places.map((place, i) =>
    dealShares(secrets[i] as { seed: Hex }, { place, packages }),
  );
  const keys = places.slice(0, t).map((place, self) =>
    finishKey(secrets[self] as { seed: Hex }, {
      place,
      packages,
      received: dealt.map((shares) => shares[self]),
    }),
  );
  const [first] = keys;
  if (first === undefined) throw new Error("no key");
  return { group: first.group, shares: keys.map(({ share }) => share) };
}

function bench(n: number, t: number): void {
  const samples = {
    dkg: [] as number[],
    nonce: [] as number[],
    share: [] as number[],
    verify: [] as number[],
    aggregate: [] as number[],
  };
  for (let i = 0; i < Math.max(3, Math.ceil(runs / (n > 10 ? 3 : 1))); i++) dkg(n, t, samples.dkg);
  const { group, shares } = keyShares(n, t);
  for (let i = 0; i < runs; i++) {
    const made = shares.map((share) => ({
      share,
      ...timed(samples.nonce, () => createNonce(share, random)),
    }));
    const pkg: SigningPackage = {
      group,
      digest: keccak256(random()),
      commitments: made.map(({ share, commitment }) => ({ index: share.index, ...commitment })),
    };
    const parts = new Map(
      made.map(({ share, nonces }) => [
        share.index,
        timed(samples.share, () => computeSignatureShare(pkg, { share, nonces })),
      ]),
    );
    timed(samples.verify, () =>
      isSignatureShareValid(pkg, { index: 0, share: parts.get(0) ?? "0x" }),
    );
    const result = timed(samples.aggregate, () => aggregateShares(pkg, parts));
    if (result.type !== "signed") throw new Error("does not aggregate");
  }
  const cells = [samples.dkg, samples.nonce, samples.share, samples.verify, samples.aggregate].map(
    (s) => median(s).toFixed(1).padStart(9),
  );
  console.log(`${`${n}, ${t}`.padEnd(8)}${cells.join("")}`);
}

console.log("n, t      DKG/party    nonce    share   verify  aggregate+verify   (CPU ms, medians)");
for (const [n, t] of [
  [3, 2],
  [5, 4],
  [10, 7],
  [20, 14],
] as const)
  bench(n, t);
