/** Bump allocation of everything that lives as long as one run. Nothing is freed; gas and input sizes bound it. */
import { zeroBytes } from "./bytes.ts";
import { arenaRegion } from "./layout.ts";

const pageShift: u64 = 16;
/** Pages added at a time beyond what is needed, so that growing is rare: 4 MiB. */
const growthPages: u64 = 64;
/** 4 GiB. */
const pagesMax: u64 = 65_536;

let top: usize = arenaRegion;

/** Forgets everything allocated. Called first in every run. */
export function resetArena(): void {
  top = arenaRegion;
}

/** `size` bytes of undefined content, aligned to 8. Traps when the memory cannot grow (4 GiB). */
export function allocate(size: usize): usize {
  const start = top;
  const end = (<u64>start + <u64>size + 7) & ~(<u64>7);
  if (end > (<u64>memory.size()) << pageShift) grow(end);
  top = <usize>end;
  return start;
}

/** As `allocate`, filled with zeros. */
export function allocateZeroed(size: usize): usize {
  const start = allocate(size);
  zeroBytes(start, size);
  return start;
}

function grow(end: u64): void {
  const pages = (end >> pageShift) + 1 - <u64>memory.size() + growthPages;
  if (pages > pagesMax || memory.grow(<i32>pages) < 0) unreachable();
}
