/** Instructions that push what is known of the frame, the transaction and the block (Yellow Paper, appendix H). */
import { loadAddress, loadBigEndian, setWord } from "../math/word.ts";
import { copy32 } from "../memory/bytes.ts";
import { block, transaction } from "./environment.ts";
import { Frame } from "./frame.ts";
import { returnDataLength } from "./return-data.ts";

/** Writes the value of the instruction to `out`. */
export function environmentValue(frame: Frame, opcode: usize, out: usize): void {
  switch (<u32>opcode) {
    case 0x30: // ADDRESS
      return loadAddress(out, frame.account.address);
    case 0x32: // ORIGIN
      return loadAddress(out, transaction.origin);
    case 0x33: // CALLER
      return loadAddress(out, frame.caller);
    case 0x34: // CALLVALUE
      return copy32(out, frame.value);
    case 0x36: // CALLDATASIZE
      return setWord(out, frame.inputLength);
    case 0x38: // CODESIZE
      return setWord(out, frame.codeSize);
    case 0x3a: // GASPRICE
      return copy32(out, transaction.gasPrice);
    case 0x3d: // RETURNDATASIZE
      return setWord(out, returnDataLength);
    case 0x41: // COINBASE
      return loadAddress(out, block.coinbase);
    case 0x42: // TIMESTAMP
      return setWord(out, block.timestamp);
    case 0x43: // NUMBER
      return setWord(out, block.number);
    case 0x44: // PREVRANDAO (EIP-4399)
      return loadBigEndian(out, block.prevRandao);
    case 0x45: // GASLIMIT
      return setWord(out, block.gasLimit);
    case 0x46: // CHAINID (EIP-1344)
      return setWord(out, block.chainId);
    case 0x47: // SELFBALANCE (EIP-1884)
      return copy32(out, frame.account.balance);
    case 0x48: // BASEFEE (EIP-3198)
      return copy32(out, block.baseFee);
    case 0x4a: // BLOBBASEFEE (EIP-7516): the lowest there is, for there are no blobs
      return setWord(out, 1);
    case 0x59: // MSIZE
      return setWord(out, frame.memorySize);
    default:
      unreachable();
  }
}
