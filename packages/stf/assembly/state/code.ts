/** Codes, each once, found by hash. */
import { keccak256 } from "../crypto/keccak.ts";
import { emit, preimage, takePreimage } from "../host.ts";
import { outputCode, preimageKeccak } from "../interface.ts";
import { allocate, allocateZeroed } from "../memory/arena.ts";
import { copy32, copyBytes, equal32, zeroBytes } from "../memory/bytes.ts";
import { HashedRecord, locate } from "./search-tree.ts";

/** Zero bytes behind every code: STOP and the operand of a PUSH32 can be read without looking at the size. */
const paddingBytes: usize = 40;

/** A contract's code. */
@unmanaged
export class Code extends HashedRecord {
  /** The code, followed by at least 33 zero bytes. */
  bytes: usize;
  /** Bytes, without the zeros behind. */
  size: u32;
  /** Set and owned by the EVM; 0: not analysed yet. */
  jumpDestinations: usize;
  /** Not known to the host yet. */
  isNew: bool;
}

/** keccak256 of nothing: the code hash of an account without code. */
export const emptyCodeHash: usize = memory.data<u8>([
  0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
  0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
]);

const codesLink: usize = memory.data(8);
const hashScratch: usize = memory.data(32);

/** The one code of size 0. */
export let emptyCode: Code = changetype<Code>(0);

/** Start of a run. */
export function resetCodes(): void {
  store<usize>(codesLink, 0);
  emptyCode = newCode(0);
  copy32(emptyCode.hash, emptyCodeHash);
}

/** The code with this hash, from the host when it is not known yet. */
export function codeByHash(hash: usize): Code {
  if (equal32(hash, emptyCodeHash)) return emptyCode;
  const link = locate(codesLink, hash);
  if (load<usize>(link) !== 0) return changetype<Code>(load<usize>(link));
  const code = newCode(<u32>preimage(preimageKeccak, hash, 32));
  takePreimage(code.bytes);
  return enter(code, link, hash);
}

/** The code with these bytes; what is not known yet is copied and kept. */
export function codeOfBytes(source: usize, size: u32): Code {
  if (size === 0) return emptyCode;
  keccak256(source, size, hashScratch);
  const link = locate(codesLink, hashScratch);
  if (load<usize>(link) !== 0) return changetype<Code>(load<usize>(link));
  const code = newCode(size);
  copyBytes(code.bytes, source, size);
  code.isNew = true;
  return enter(code, link, hashScratch);
}

/** Hands a code to the host unless it is known there. */
export function emitCode(code: Code): void {
  if (!code.isNew) return;
  code.isNew = false;
  const content = allocate(32 + <usize>code.size);
  copy32(content, code.hash);
  copyBytes(content + 32, code.bytes, code.size);
  emit(outputCode, content, 32 + <usize>code.size);
}

function newCode(size: u32): Code {
  const code = changetype<Code>(allocateZeroed(offsetof<Code>()));
  code.bytes = allocate(<usize>size + paddingBytes);
  code.size = size;
  zeroBytes(code.bytes + size, paddingBytes);
  return code;
}

function enter(code: Code, link: usize, hash: usize): Code {
  copy32(code.hash, hash);
  store<usize>(link, changetype<usize>(code));
  return code;
}
