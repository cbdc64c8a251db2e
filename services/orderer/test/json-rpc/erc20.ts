/** OpenZeppelin's ERC-20 compiled for a test, and Merkle-Patricia proofs checked without the code under test. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  assert,
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  type RlpItem,
  rlpDecode,
} from "@sequorum/protocol";
import type { Abi } from "viem";

const load = createRequire(import.meta.url);
const contracts = dirname(load.resolve("@openzeppelin/contracts/package.json"));

const source = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract Coin is ERC20("Coin", "CO") {
  constructor(address owner) { _mint(owner, 1_000 ether); }
  function refuse() external pure { revert("not today"); }
}`;

type Compiler = {
  compile(
    input: string,
    callbacks: { import(path: string): { contents: string } | { error: string } },
  ): string;
};
type Output = {
  errors?: { severity: string; formattedMessage: string }[];
  contracts?: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
};

/** ABI and creation code of the token. */
export function compileCoin(): { abi: Abi; bytecode: Hex } {
  const solc = load("solc") as Compiler;
  const settings = {
    evmVersion: "cancun",
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
  };
  const input = { language: "Solidity", sources: { "Coin.sol": { content: source } }, settings };
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), {
      import: (path) => ({
        contents: readFileSync(
          join(contracts, path.replace("@openzeppelin/contracts/", "")),
          "utf8",
        ),
      }),
    }),
  ) as Output;
  const coin = output.contracts?.["Coin.sol"]?.["Coin"];
  assert(coin !== undefined, "the token compiles", { errors: output.errors });
  return { abi: coin.abi, bytecode: `0x${coin.evm.bytecode.object}` };
}

/** The value at keccak256(key) under `root`, by a proof (Yellow Paper, appendix D); `undefined` = proved absent. */
export function readProof(root: Hex, key: Hex, proof: readonly Hex[]): Hex | undefined {
  let nibbles = keccak256(key).slice(2);
  let expected = root;
  for (const encoded of proof) {
    assert(keccak256(encoded) === expected, "a node hashes to what its parent says");
    const node = rlpDecode(hexToBytes(encoded)) as readonly RlpItem[];
    let next: RlpItem | undefined;
    if (node.length === 17) {
      next = node[Number.parseInt(nibbles.slice(0, 1), 16)];
      nibbles = nibbles.slice(1);
    } else {
      const path = bytesToHex(node[0] as Uint8Array).slice(2);
      const shared = path.slice(Number.parseInt(path.slice(0, 1), 16) % 2 === 1 ? 1 : 2);
      if (!nibbles.startsWith(shared)) return undefined;
      nibbles = nibbles.slice(shared.length);
      next = node[1];
    }
    assert(next instanceof Uint8Array, "nodes are not inlined here");
    if (nibbles === "") return bytesToHex(next);
    if (next.length === 0) return undefined;
    expected = bytesToHex(next);
  }
  throw new Error("the proof is too short");
}
