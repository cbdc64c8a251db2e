/** Names of instructions (Yellow Paper, appendix H.2; EIP-1153, 3855, 4844, 5656, 7516). */

const families: readonly (readonly [first: number, names: string])[] = [
  [0x00, "STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND"],
  [0x10, "LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR"],
  [0x20, "KECCAK256"],
  [0x30, "ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY"],
  [0x38, "CODESIZE CODECOPY GASPRICE EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY"],
  [0x3f, "EXTCODEHASH BLOCKHASH COINBASE TIMESTAMP NUMBER DIFFICULTY GASLIMIT CHAINID"],
  [0x47, "SELFBALANCE BASEFEE BLOBHASH BLOBBASEFEE"],
  [0x50, "POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST"],
  [0x5c, "TLOAD TSTORE MCOPY PUSH0"],
  [0xa0, "LOG0 LOG1 LOG2 LOG3 LOG4"],
  [0xf0, "CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2"],
  [0xfa, "STATICCALL"],
  [0xfd, "REVERT INVALID SELFDESTRUCT"],
];

const names: ReadonlyMap<number, string> = new Map([
  ...families.flatMap(([first, list]) =>
    list.split(" ").map((name, i) => [first + i, name] as const),
  ),
  ...numbered("PUSH", 0x60, 32),
  ...numbered("DUP", 0x80, 16),
  ...numbered("SWAP", 0x90, 16),
]);

/** Name of an instruction; one that is none is named as geth does. 0x44 has its old name there, too. */
export function opcodeName(opcode: number): string {
  return names.get(opcode) ?? `opcode 0x${opcode.toString(16)} not defined`;
}

function numbered(name: string, first: number, count: number): (readonly [number, string])[] {
  return Array.from({ length: count }, (_, i) => [first + i, `${name}${i + 1}`] as const);
}
