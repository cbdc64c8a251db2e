/**
 * The interpreter (Yellow Paper, 9.4 and appendix H). `execute` runs one frame until it ends or calls; runMessage goes
 * on with the frame that it answers, so calls of the EVM are no calls of the module.
 *
 * The loop keeps pc, sp and gas in locals. An instruction that cannot fail and needs no memory ends with `continue`;
 * the others end with `break` behind the switch, where gas below 0 means that the frame fails.
 */
import { haltBadJump, haltRevert } from "../interface.ts";
import { exponentiate } from "../math/word-product.ts";
import { shiftLeft, shiftRight } from "../math/word-shift.ts";
import {
  byteLength,
  clearWord,
  equalWords,
  fitsUint64,
  isZeroWord,
  loadBigEndian,
  setWord,
  storeBigEndian,
} from "../math/word.ts";
import { copy32 } from "../memory/bytes.ts";
import { accountValue, copyExternalCode, destroySelf } from "./account-instructions.ts";
import { blockHash } from "./block-instructions.ts";
import { beginCall } from "./calls.ts";
import { copyToMemory, hashMemory, loadInput } from "./copy-instructions.ts";
import { beginCreate } from "./create.ts";
import { environmentValue } from "./environment-instructions.ts";
import { Frame, halted } from "./frame.ts";
import { gasExponentByte } from "./gas.ts";
import { findJumpDestinations } from "./jump-destinations.ts";
import { leaveFrame } from "./leave.ts";
import { log } from "./log-instructions.ts";
import { expandMemory, expandMemoryFor, memoryAt, wordOffsets } from "./memory.ts";
import { activeRules, instructionFault } from "./opcode-table.ts";
import { loadSlot, loadTransient, storeSlot, storeTransient } from "./storage-instructions.ts";
import { endTraceStep, failTraceStep, isTracing, traceInstruction } from "./trace.ts";
import * as words from "./word-instructions.ts";

/**
 * Runs a frame until it ends, or starts another; answers the frame to run next. One function in spite of its length: the
 * locals of the loop stay in registers only as long as no call takes them along.
 */
export function execute(frame: Frame): Frame {
  let pc = frame.pc;
  let sp = frame.sp;
  let gas = frame.gas;
  let offsets = wordOffsets(frame);
  const stackBase = frame.stackBase;
  const memoryBase = frame.memoryBase;

  while (true) {
    const opcode = <usize>load<u8>(pc);
    const rule = activeRules + (opcode << 3);
    gas -= load<u32>(rule);
    if (gas < 0 || stackBase - sp - load<u16>(rule, 4) >= <usize>load<u16>(rule, 6)) {
      gas = isTracing ? traceInstruction(frame, pc, sp, gas) : refuse(frame, opcode, sp, gas);
      if (gas < 0) break;
    }
    pc += 1;
    switch (<u32>opcode) {
      case 0x00: // STOP
        frame.outputLength = 0;
        return end(frame, 0, gas);
      case 0x01: // ADD
        words.add(sp);
        sp += 32;
        continue;
      case 0x02: // MUL
        words.multiply(sp);
        sp += 32;
        continue;
      case 0x03: // SUB
        words.subtract(sp);
        sp += 32;
        continue;
      case 0x04: // DIV
        words.divide(sp);
        sp += 32;
        continue;
      case 0x06: // MOD
        words.remainder(sp);
        sp += 32;
        continue;
      case 0x05: // SDIV
      case 0x07: // SMOD
      case 0x0b: // SIGNEXTEND
      case 0x12: // SLT
      case 0x13: // SGT
      case 0x1a: // BYTE
      case 0x1d: // SAR
        words.compute(opcode, sp);
        sp += 32;
        continue;
      case 0x08: // ADDMOD
      case 0x09: // MULMOD
        words.computeModulo(opcode, sp);
        sp += 64;
        continue;
      case 0x0a: // EXP (EIP-160)
        gas -= gasExponentByte * byteLength(sp + 32);
        if (gas < 0) break;
        exponentiate(sp + 32, sp, sp + 32);
        sp += 32;
        break;
      case 0x10: // LT
        words.isLess(sp);
        sp += 32;
        continue;
      case 0x11: // GT
        words.isGreater(sp);
        sp += 32;
        continue;
      case 0x14: // EQ
        setWord(sp + 32, u64(equalWords(sp, sp + 32)));
        sp += 32;
        continue;
      case 0x15: // ISZERO
        setWord(sp, u64(isZeroWord(sp)));
        continue;
      case 0x16: // AND
        words.and(sp);
        sp += 32;
        continue;
      case 0x17: // OR
        words.or(sp);
        sp += 32;
        continue;
      case 0x18: // XOR
        words.xor(sp);
        sp += 32;
        continue;
      case 0x19: // NOT
        words.not(sp);
        continue;
      case 0x1b: // SHL (EIP-145)
        shiftLeft(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      case 0x1c: // SHR
        shiftRight(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      case 0x20: // KECCAK256
        gas = hashMemory(frame, sp, gas);
        sp += 32;
        break;
      case 0x30: // ADDRESS
      case 0x32: // ORIGIN
      case 0x33: // CALLER
      case 0x34: // CALLVALUE
      case 0x36: // CALLDATASIZE
      case 0x38: // CODESIZE
      case 0x3a: // GASPRICE
      case 0x3d: // RETURNDATASIZE
      case 0x41: // COINBASE
      case 0x42: // TIMESTAMP
      case 0x43: // NUMBER
      case 0x44: // PREVRANDAO
      case 0x45: // GASLIMIT
      case 0x46: // CHAINID
      case 0x47: // SELFBALANCE
      case 0x48: // BASEFEE
      case 0x4a: // BLOBBASEFEE
      case 0x59: // MSIZE
        sp -= 32;
        environmentValue(frame, opcode, sp);
        continue;
      case 0x31: // BALANCE
      case 0x3b: // EXTCODESIZE
      case 0x3f: // EXTCODEHASH
        gas = accountValue(opcode, sp, gas);
        break;
      case 0x35: // CALLDATALOAD
        loadInput(frame, sp);
        continue;
      case 0x37: // CALLDATACOPY
      case 0x39: // CODECOPY
      case 0x3e: // RETURNDATACOPY
      case 0x5e: // MCOPY (EIP-5656)
        gas = copyToMemory(frame, opcode, sp, gas);
        sp += 96;
        break;
      case 0x3c: // EXTCODECOPY
        gas = copyExternalCode(frame, sp, gas);
        sp += 128;
        break;
      case 0x40: // BLOCKHASH
        blockHash(sp);
        break;
      case 0x49: // BLOBHASH (EIP-4844): no transaction has blobs
        clearWord(sp);
        break;
      case 0x50: // POP
        sp += 32;
        continue;
      case 0x51: // MLOAD
        if (!fitsUint64(sp) || load<u64>(sp) >= offsets) {
          gas = expandMemoryFor(frame, sp, 32, gas);
          if (gas < 0) break;
          offsets = wordOffsets(frame);
        }
        loadBigEndian(sp, memoryBase + <usize>load<u64>(sp));
        continue;
      case 0x52: // MSTORE
        if (!fitsUint64(sp) || load<u64>(sp) >= offsets) {
          gas = expandMemoryFor(frame, sp, 32, gas);
          if (gas < 0) break;
          offsets = wordOffsets(frame);
        }
        storeBigEndian(memoryBase + <usize>load<u64>(sp), sp + 32);
        sp += 64;
        continue;
      case 0x53: // MSTORE8
        gas = expandMemoryFor(frame, sp, 1, gas);
        if (gas < 0) break;
        store<u8>(memoryBase + <usize>load<u64>(sp), load<u8>(sp, 32));
        sp += 64;
        break;
      case 0x54: // SLOAD
        gas = loadSlot(frame, sp, gas);
        break;
      case 0x55: // SSTORE
        gas = storeSlot(frame, sp, gas);
        sp += 64;
        break;
      case 0x56: // JUMP
      case 0x57: {
        // JUMPI
        const isConditional = opcode === 0x57;
        if (isConditional && isZeroWord(sp + 32)) {
          sp += 64;
          continue;
        }
        const destination = <usize>load<u64>(sp);
        let bitmap = frame.jumpDestinations;
        if (bitmap === 0) bitmap = findJumpDestinations(frame);
        const isInside = fitsUint64(sp) && load<u64>(sp) < <u64>frame.codeSize;
        if (isInside && (load<u8>(bitmap + (destination >> 3)) >> (<u8>destination & 7)) & 1) {
          sp += isConditional ? 64 : 32;
          pc = frame.code + destination;
          continue;
        }
        gas = halted(frame, haltBadJump);
        break;
      }
      case 0x58: // PC
        sp -= 32;
        setWord(sp, <u64>(pc - frame.code - 1));
        continue;
      case 0x5a: // GAS
        sp -= 32;
        setWord(sp, <u64>gas);
        continue;
      case 0x5b: // JUMPDEST
        continue;
      case 0x5c: // TLOAD
        loadTransient(frame, sp);
        break;
      case 0x5d: // TSTORE
        gas = storeTransient(frame, sp, gas);
        sp += 64;
        break;
      case 0x5f: // PUSH0 (EIP-3855)
        sp -= 32;
        clearWord(sp);
        continue;
      case 0x60: // PUSH1
        sp -= 32;
        setWord(sp, load<u8>(pc));
        pc += 1;
        continue;
      case 0x61: // PUSH2
        sp -= 32;
        setWord(sp, bswap<u16>(load<u16>(pc)));
        pc += 2;
        continue;
      case 0x63: // PUSH4
        sp -= 32;
        setWord(sp, bswap<u32>(load<u32>(pc)));
        pc += 4;
        continue;
      case 0x62: // PUSH3
      case 0x64: // PUSH5
      case 0x65:
      case 0x66:
      case 0x67: // PUSH8
        sp -= 32;
        setWord(sp, bswap<u64>(load<u64>(pc)) >> ((0x67 - <u64>opcode) << 3));
        pc += opcode - 0x5f;
        continue;
      case 0x73: // PUSH20
        sp -= 32;
        words.pushAddress(sp, pc);
        pc += 20;
        continue;
      case 0x7f: // PUSH32
        sp -= 32;
        loadBigEndian(sp, pc);
        pc += 32;
        continue;
      case 0x80: // DUP1
      case 0x81:
      case 0x82:
      case 0x83:
      case 0x84:
      case 0x85:
      case 0x86:
      case 0x87:
      case 0x88:
      case 0x89:
      case 0x8a:
      case 0x8b:
      case 0x8c:
      case 0x8d:
      case 0x8e:
      case 0x8f: // DUP16
        sp -= 32;
        copy32(sp, sp + ((opcode - 0x7f) << 5));
        continue;
      case 0x90: // SWAP1
      case 0x91:
      case 0x92:
      case 0x93:
      case 0x94:
      case 0x95:
      case 0x96:
      case 0x97:
      case 0x98:
      case 0x99:
      case 0x9a:
      case 0x9b:
      case 0x9c:
      case 0x9d:
      case 0x9e:
      case 0x9f: // SWAP16
        words.swap(sp, sp + ((opcode - 0x8f) << 5));
        continue;
      case 0xa0: // LOG0
      case 0xa1:
      case 0xa2:
      case 0xa3:
      case 0xa4: // LOG4
        gas = log(frame, <i32>opcode - 0xa0, sp, gas);
        sp += (opcode - 0x9e) << 5;
        break;
      case 0xf0: // CREATE
      case 0xf1: // CALL
      case 0xf2: // CALLCODE
      case 0xf4: // DELEGATECALL
      case 0xf5: // CREATE2
      case 0xfa: {
        // STATICCALL
        frame.pc = pc;
        const isCreation = opcode === 0xf0 || opcode === 0xf5;
        const next = isCreation
          ? beginCreate(frame, opcode, sp, gas)
          : beginCall(frame, opcode, sp, gas);
        if (next !== frame) return next;
        sp = frame.sp;
        gas = frame.gas;
        break;
      }
      case 0xf3: // RETURN
      case 0xfd: // REVERT (EIP-140)
        gas = expandMemory(frame, sp, sp + 32, gas);
        if (gas < 0) break;
        frame.outputLength = <usize>load<u64>(sp, 32);
        frame.output = memoryAt(frame, sp, frame.outputLength);
        return end(frame, opcode === 0xf3 ? 0 : haltRevert, gas);
      case 0xff: // SELFDESTRUCT
        gas = destroySelf(frame, sp, gas);
        if (gas < 0) break;
        frame.outputLength = 0;
        return end(frame, 0, gas);
      default: // PUSH9 to PUSH31: the check above lets nothing else come here
        sp -= 32;
        pc += opcode - 0x5f;
        words.pushBytes(sp, pc, opcode - 0x5f);
    }
    if (gas < 0) break;
    offsets = wordOffsets(frame);
  }
  if (isTracing) failTraceStep(gas, frame.halt);
  return leaveFrame(frame, frame.halt, gas);
}

/** Notes why an instruction cannot be executed. */
function refuse(frame: Frame, opcode: usize, sp: usize, gas: i64): i64 {
  return halted(frame, instructionFault(opcode, gas, frame.stackBase - sp));
}

function end(frame: Frame, halt: i32, gas: i64): Frame {
  if (isTracing) endTraceStep(gas);
  return leaveFrame(frame, halt, gas);
}
