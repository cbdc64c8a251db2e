/** Makes derivation.json from a real anvil: `node services/challenger/test/vectors/make-vectors.ts`. */
import { writeFile } from "node:fs/promises";
import { createL1Client } from "@sequorum/l1";
import { bytesToHex, hexToBytes } from "@sequorum/protocol";
import { toJson } from "../../src/adapters/json.ts";
import { readFacts } from "../../src/adapters/l1-facts.ts";
import type { L1Fact } from "../../src/ports.ts";
import { l2User, startRollup, transfer } from "../rollup.ts";

const rollup = await startRollup();
try {
  await rollup.enqueue(await transfer(`0x${"77".repeat(20)}`, 5n));
  await rollup.enqueue("0xdeadbeef");
  await rollup.mine(2);
  const transfers = await Promise.all(
    [1n, 2n, 3n].map((value) => transfer(`0x${"78".repeat(20)}`, value)),
  );
  // Returns 42: PUSH1 42 PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN as initialisation code.
  const creation = await l2User.signTransaction({
    ...{ type: "eip1559", chainId: 777, nonce: 4, gas: 200_000n, data: "0x602a60005260206000f3" },
    ...{ maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n },
  });
  const first = await rollup.postBatch([[], transfers.map(hexToBytes), [hexToBytes(creation)]]);
  await rollup.mine(1);
  const second = await rollup.postBatch([[]]);
  const { network, client } = rollup;
  const l1 = createL1Client({ rpcUrl: rollup.url, chainId: Number(network.l1ChainId) });
  const blocks = [];
  const addresses = [
    network.contracts.rollupChain,
    network.contracts.forcedQueue,
    network.contracts.epochRegistry,
  ];
  for (let number = 0n; number <= (await client.getBlockNumber()); number += 1n) {
    const { hash, timestamp } = await client.getBlock({ blockNumber: number });
    const logs = await client.getLogs({ blockHash: hash, address: addresses });
    const facts = await readFacts(l1, network.contracts, { number, logs });
    blocks.push({ number, hash, timestamp, facts: facts.map(portable) });
  }
  const expected = [...first.blocks, ...second.blocks].map(({ block }) => block.hash);
  const description =
    "Facts of L1 blocks as the challenger reads them, and the L2 block hashes that follow";
  const { l1ChainId, l2ChainId, l2Genesis, parameters, contracts } = network;
  const vector = {
    description,
    l1ChainId,
    l2ChainId,
    contracts,
    l2Genesis,
    parameters,
    blocks,
    expected,
  };
  await writeFile(
    new URL("derivation.json", import.meta.url),
    `${JSON.stringify(JSON.parse(toJson(vector)), null, 1)}\n`,
  );
} finally {
  await rollup.stop();
}

/** Bytes as hexadecimal. */
function portable(fact: L1Fact): unknown {
  if (fact.type === "entryEnqueued") return { ...fact, transaction: bytesToHex(fact.transaction) };
  if (fact.type !== "batchSubmitted" || fact.submission.calldata === null) return fact;
  const { calldata, ...submission } = fact.submission;
  return {
    ...fact,
    submission: { ...submission, calldata: { ...calldata, data: bytesToHex(calldata.data) } },
  };
}
