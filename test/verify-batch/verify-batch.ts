// biome-ignore-all format: what it takes to verify a batch, on one page
// Verifies a posted batch from L1 alone: node verify-batch.ts <L1 RPC URL> <RollupChain> <EpochRegistry> <L1 transaction hash>
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { inflateRawSync } from "node:zlib";
import { batchHeaderFields, decodeBatch } from "@sequorum/protocol";
import { type AbiParameter, compactSignatureToSignature, concat, createPublicClient, decodeFunctionData, type Hex, hashTypedData, hexToBytes, http, keccak256, parseAbi, parseCompactSignature, recoverAddress, recoverTransactionAddress, serializeSignature, size, slice, toHex } from "viem";
const [url, chain, registry, hash] = process.argv.slice(2) as [string, Hex, Hex, Hex];
const fields = batchHeaderFields.map(({ type, name }) => `${type} ${name};`).join(" ");
const abi = parseAbi([`struct Header { ${fields} }`, "struct Member { address sequencer; uint96 stakeWei; }", "function submitBatch(Header header, bytes data, bytes proof)", "function verificationData(uint64 epoch) view returns (bytes groupKey, uint256 totalStakeWei, Member[] members)", "function getBatch(uint64) view returns (bytes32 batchHash, uint64, uint64, uint128)"] as readonly string[]);
const client = createPublicClient({ transport: http(url) });
const { to, input } = await client.getTransaction({ hash });
const [header, data, proof] = decodeFunctionData({ abi, data: input }).args as [Record<string, bigint>, Hex, Hex];
const domain = { name: "Sequorum", version: "1", chainId: await client.getChainId(), verifyingContract: chain };
const digest = hashTypedData({ domain, types: { BatchHeader: batchHeaderFields as AbiParameter[] as { name: string; type: string }[] }, primaryType: "BatchHeader", message: header });
const record = (await client.readContract({ address: chain, abi, functionName: "getBatch", args: [header["index"]] })) as [Hex];
deepStrictEqual([to, record[0]], [chain.toLowerCase(), digest], "L1 accepted this header");
let level = Array.from({ length: Math.ceil(size(data) / 1024) }, (_, i) => keccak256(concat(["0x00", slice(data, i * 1024, Math.min(size(data), i * 1024 + 1024))])));
while (level.length > 1) level = level.flatMap((left, i) => (i % 2 ? [] : [level[i + 1] === undefined ? left : keccak256(concat(["0x01", left, level[i + 1] as Hex]))]));
deepStrictEqual([level[0], size(data)], [header["daRoot"], header["daSize"]], "the header commits to the data");
const [groupKey, total, members] = (await client.readContract({ address: registry, abi, functionName: "verificationData", args: [header["epoch"]] })) as [Hex, bigint, { sequencer: Hex; stakeWei: bigint }[]];
const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n, px = BigInt(groupKey), r = slice(proof, 0, 20), word = (x: bigint) => toHex(((x % n) + n) % n, { size: 32 });
const e = BigInt(keccak256(concat([groupKey, "0x1b", digest, r])));
equal((await recoverAddress({ hash: word(-BigInt(slice(proof, 20, 52)) * px), signature: serializeSignature({ r: groupKey, s: word(-e * px), yParity: 0 }) })).toLowerCase(), r, "the group signed");
const signers = members.filter((_, i) => (BigInt(slice(proof, 52, 84)) >> BigInt(i)) & 1n);
for (const [i, { sequencer }] of signers.entries()) equal(await recoverAddress({ hash: digest, signature: compactSignatureToSignature(parseCompactSignature(slice(proof, 84 + 64 * i, 148 + 64 * i))) }), sequencer, "a member endorsed");
ok(3 * signers.length >= 2 * members.length && 3n * signers.reduce((sum, { stakeWei }) => sum + stakeWei, 0n) >= 2n * total, "two thirds endorsed");
const blocks = decodeBatch(hexToBytes(data)); // node:zlib reads the same DEFLATE stream; its columns are read by packages/protocol
if ("rejected" in blocks) throw new Error(blocks.rejected);
for (const raw of blocks.flatMap(({ transactions }) => transactions)) console.log(keccak256(raw), "from", await recoverTransactionAddress({ serializedTransaction: toHex(raw) as `0x02${string}` }));
console.log(`batch ${header["index"]} ${digest}: ${blocks.length} blocks, ${size(data)} bytes (${inflateRawSync(hexToBytes(data)).length} inflated), ${signers.length} of ${members.length} endorsed: right`);
