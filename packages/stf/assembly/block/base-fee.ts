/** Base fee of a block (EIP-1559). */
import { divideWords } from "../math/word-division.ts";
import { multiplyWords } from "../math/word-product.ts";
import { addWords, isZeroWord, setWord, subtractWords } from "../math/word.ts";
import { Header } from "./header.ts";

const elasticityMultiplier: u64 = 2;
const changeDenominator: u64 = 8;

const change: usize = memory.data(32);
const factor: usize = memory.data(32);

/**
 * out = base fee of the block after `parent`. The product of fee and gas does not wrap: a fee grows by an eighth a
 * block at most, so beyond 2^190 wei no chain gets.
 */
export function nextBaseFee(parent: Header, out: usize): void {
  const target = parent.gasLimit / elasticityMultiplier;
  const isAbove = parent.gasUsed > target;
  setWord(factor, isAbove ? parent.gasUsed - target : target - parent.gasUsed);
  multiplyWords(change, parent.baseFee, factor);
  setWord(factor, target);
  divideWords(change, change, factor);
  setWord(factor, changeDenominator);
  divideWords(change, change, factor);
  if (isAbove && isZeroWord(change)) setWord(change, 1);
  if (isAbove) addWords(out, parent.baseFee, change);
  else subtractWords(out, parent.baseFee, change);
}
