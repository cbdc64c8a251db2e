/** BLOCKHASH (Yellow Paper, appendix H). */
import { ancestorHash } from "../block/ancestors.ts";
import { clearWord, fitsUint64, loadBigEndian } from "../math/word.ts";
import { block } from "./environment.ts";

/** How many blocks back hashes can be asked for. */
const depthMax: u64 = 256;

const hashScratch: usize = memory.data(32);

/** Replaces the number on top of the stack with the block's hash; 0 when it is not one of the last 256. */
export function blockHash(sp: usize): void {
  const number = load<u64>(sp);
  const isRecent = fitsUint64(sp) && number < block.number && block.number - number <= depthMax;
  if (isRecent && ancestorHash(number, hashScratch)) loadBigEndian(sp, hashScratch);
  else clearWord(sp);
}
