/**
 * Regions of the linear memory, in bytes. Static data first, then three regions of fixed size, then the arena, which
 * grows. Fixed regions are only touched as far as they are used.
 */

const pageBytes: usize = 65_536;

/** Depth of calls that the EVM allows below the transaction's own frame (Yellow Paper, 8). */
export const callDepthMax: i32 = 1_024;

/** One EVM stack a frame: 1,024 words of 32 bytes. */
export const stackBytes: usize = 1_024 * 32;

const stackRegionBytes: usize = 1_026 * stackBytes;
/**
 * Memories of the frames, one behind the other. Gas bounds them: 30 M gas buy less than 40 MiB over all frames. The
 * region is as large as 1,024 frames of 1 MiB, which one of the Ethereum state tests has.
 */
const frameMemoryBytes: usize = 1_152 << 20;
/** Return data of the last call; never more than one frame's memory. */
const returnDataBytes: usize = 64 << 20;

/** Where EVM stacks are, frame 0 first. */
export const stackRegion: usize = (__heap_base + pageBytes - 1) & ~(pageBytes - 1);
/** Where EVM memories are, frame 0 first, each behind its caller's. */
export const frameMemoryRegion: usize = stackRegion + stackRegionBytes;
/** First byte behind the EVM memories. */
export const frameMemoryEnd: usize = frameMemoryRegion + frameMemoryBytes;
/** Where the return data of the last call is. */
export const returnDataRegion: usize = frameMemoryEnd;
/** First byte behind the return data; the arena starts here. */
export const arenaRegion: usize = returnDataRegion + returnDataBytes;
