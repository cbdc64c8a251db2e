/** Bump allocation of everything that lives as long as one run. Nothing is freed; gas and input sizes bound it. */
import { zeroBytes } from "./bytes.ts";
import { arenaRegion } from "./layout.ts";

const pageShift = 16;
/** Pages added at a time beyond what is needed, so that growing is rare: 4 MiB. */
const growthPages: i32 = 64;

let top: usize = arenaRegion;

/** Forgets everything allocated. Called first in every run. */
export function resetArena(): void {
  top = arenaRegion;
}

/** `size` bytes of undefined content, aligned to 8. Traps when the memory cannot grow (4 GiB). */
export function allocate(size: usize): usize {
  const start = top;
  top = (start + size + 7) & ~(<usize>7);
  if (top > <usize>memory.size() << pageShift) grow();
  return start;
}

/** As `allocate`, filled with zeros. */
export function allocateZeroed(size: usize): usize {
  const start = allocate(size);
  zeroBytes(start, size);
  return start;
}

function grow(): void {
  const pages = <i32>((top >> pageShift) + 1) - memory.size() + growthPages;
  if (memory.grow(pages) < 0) unreachable();
}
