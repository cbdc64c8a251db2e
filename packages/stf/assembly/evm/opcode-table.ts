/**
 * What every instruction needs (Yellow Paper, appendix H.2, as of Cancun): 8 bytes an opcode: the gas that it always
 * costs (u32), the bytes that the stack must hold (u16), and how many heights from there on are allowed (u16). So one
 * unsigned comparison finds underflow, overflow and, because its count is 0, an undefined opcode.
 */
import {
  haltBadInstruction,
  haltOutOfGas,
  haltStackOverflow,
  haltStackUnderflow,
} from "../interface.ts";
import { zeroBytes } from "../memory/bytes.ts";
import { stackBytes } from "../memory/layout.ts";

const tableBytes: usize = 256 * 8;
const rowBytes: usize = 10;
const rowCount: usize = 61;

/** First and last opcode, gas, words taken, words given. DUP and SWAP are not in here. */
// biome-ignore format: a row for each kind of instruction
const rows: usize = memory.data<u16>([
  0x00, 0x00, 0, 0, 0, // STOP
  0x01, 0x01, 3, 2, 1, // ADD
  0x02, 0x02, 5, 2, 1, // MUL
  0x03, 0x03, 3, 2, 1, // SUB
  0x04, 0x07, 5, 2, 1, // DIV SDIV MOD SMOD
  0x08, 0x09, 8, 3, 1, // ADDMOD MULMOD
  0x0a, 0x0a, 10, 2, 1, // EXP
  0x0b, 0x0b, 5, 2, 1, // SIGNEXTEND
  0x10, 0x14, 3, 2, 1, // LT GT SLT SGT EQ
  0x15, 0x15, 3, 1, 1, // ISZERO
  0x16, 0x18, 3, 2, 1, // AND OR XOR
  0x19, 0x19, 3, 1, 1, // NOT
  0x1a, 0x1d, 3, 2, 1, // BYTE SHL SHR SAR
  0x20, 0x20, 30, 2, 1, // KECCAK256
  0x30, 0x30, 2, 0, 1, // ADDRESS
  0x31, 0x31, 100, 1, 1, // BALANCE
  0x32, 0x34, 2, 0, 1, // ORIGIN CALLER CALLVALUE
  0x35, 0x35, 3, 1, 1, // CALLDATALOAD
  0x36, 0x36, 2, 0, 1, // CALLDATASIZE
  0x37, 0x37, 3, 3, 0, // CALLDATACOPY
  0x38, 0x38, 2, 0, 1, // CODESIZE
  0x39, 0x39, 3, 3, 0, // CODECOPY
  0x3a, 0x3a, 2, 0, 1, // GASPRICE
  0x3b, 0x3b, 100, 1, 1, // EXTCODESIZE
  0x3c, 0x3c, 100, 4, 0, // EXTCODECOPY
  0x3d, 0x3d, 2, 0, 1, // RETURNDATASIZE
  0x3e, 0x3e, 3, 3, 0, // RETURNDATACOPY
  0x3f, 0x3f, 100, 1, 1, // EXTCODEHASH
  0x40, 0x40, 20, 1, 1, // BLOCKHASH
  0x41, 0x46, 2, 0, 1, // COINBASE TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID
  0x47, 0x47, 5, 0, 1, // SELFBALANCE
  0x48, 0x48, 2, 0, 1, // BASEFEE
  0x49, 0x49, 3, 1, 1, // BLOBHASH
  0x4a, 0x4a, 2, 0, 1, // BLOBBASEFEE
  0x50, 0x50, 2, 1, 0, // POP
  0x51, 0x51, 3, 1, 1, // MLOAD
  0x52, 0x53, 3, 2, 0, // MSTORE MSTORE8
  0x54, 0x54, 100, 1, 1, // SLOAD
  0x55, 0x55, 0, 2, 0, // SSTORE
  0x56, 0x56, 8, 1, 0, // JUMP
  0x57, 0x57, 10, 2, 0, // JUMPI
  0x58, 0x5a, 2, 0, 1, // PC MSIZE GAS
  0x5b, 0x5b, 1, 0, 0, // JUMPDEST
  0x5c, 0x5c, 100, 1, 1, // TLOAD
  0x5d, 0x5d, 100, 2, 0, // TSTORE
  0x5e, 0x5e, 3, 3, 0, // MCOPY
  0x5f, 0x5f, 2, 0, 1, // PUSH0
  0x60, 0x7f, 3, 0, 1, // PUSH1 to PUSH32
  0xa0, 0xa0, 375, 2, 0, // LOG0
  0xa1, 0xa1, 750, 3, 0, // LOG1
  0xa2, 0xa2, 1_125, 4, 0, // LOG2
  0xa3, 0xa3, 1_500, 5, 0, // LOG3
  0xa4, 0xa4, 1_875, 6, 0, // LOG4
  0xf0, 0xf0, 32_000, 3, 1, // CREATE
  0xf1, 0xf2, 100, 7, 1, // CALL CALLCODE
  0xf3, 0xf3, 0, 2, 0, // RETURN
  0xf4, 0xf4, 100, 6, 1, // DELEGATECALL
  0xf5, 0xf5, 32_000, 4, 1, // CREATE2
  0xfa, 0xfa, 100, 6, 1, // STATICCALL
  0xfd, 0xfd, 0, 2, 0, // REVERT
  0xff, 0xff, 5_000, 1, 0, // SELFDESTRUCT
]);

/** The rules. */
export const opcodeRules: usize = memory.data(2048);
/** The rules that the interpreter looks at: empty while tracing, so that every instruction takes the slow way. */
export const activeRules: usize = memory.data(2048);

/** Fills the tables. */
export function resetOpcodeTable(): void {
  zeroBytes(opcodeRules, tableBytes);
  for (let row = rows; row < rows + rowCount * rowBytes; row += rowBytes) {
    const last = <usize>load<u16>(row, 2);
    for (let opcode = <usize>load<u16>(row); opcode <= last; opcode += 1) {
      define(opcode, load<u16>(row, 4), load<u16>(row, 6), load<u16>(row, 8));
    }
  }
  for (let n: usize = 1; n <= 16; n += 1) {
    define(0x7f + n, 3, <u32>n, <u32>n + 1); // DUP1 to DUP16
    define(0x8f + n, 3, <u32>n + 1, <u32>n + 1); // SWAP1 to SWAP16
  }
  activateOpcodes(true);
}

/** Whether instructions are executed directly, or each by the slow way. */
export function activateOpcodes(isDirect: bool): void {
  for (let at: usize = 0; at < tableBytes; at += 8) {
    store<u64>(activeRules + at, isDirect ? load<u64>(opcodeRules + at) : 0);
  }
}

/** Why an instruction cannot be executed with this gas left after its price and these bytes on the stack; 0: it can. */
export function instructionFault(opcode: usize, gasAfter: i64, height: usize): i32 {
  const rule = opcodeRules + (opcode << 3);
  const needed = <usize>load<u16>(rule, 4);
  const heights = <usize>load<u16>(rule, 6);
  if (heights === 0) return haltBadInstruction;
  if (height < needed) return haltStackUnderflow;
  if (height - needed >= heights) return haltStackOverflow;
  return gasAfter < 0 ? haltOutOfGas : 0;
}

/** What the instruction always costs. */
export function staticGas(opcode: usize): i64 {
  return load<u32>(opcodeRules + (opcode << 3));
}

function define(opcode: usize, gas: u32, pops: u32, pushes: u32): void {
  const needed = pops << 5;
  const heightMax = pushes > pops ? <u32>stackBytes - ((pushes - pops) << 5) : <u32>stackBytes;
  const rule = opcodeRules + (opcode << 3);
  store<u32>(rule, gas);
  store<u16>(rule, <u16>needed, 4);
  store<u16>(rule, <u16>(heightMax - needed + 1), 6);
}
