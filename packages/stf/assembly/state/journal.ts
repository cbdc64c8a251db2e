/** What the current transaction changed, newest first, so that it can be taken back (Yellow Paper, 6.1 and 8). */
import { allocate } from "../memory/arena.ts";

// Kinds of changes. Up to `lastAccountChange` the target is an account that EIP-161 counts as touched.
/** An existing account was touched while it was empty. */
export const changeTouched: u32 = 0;
/** An account began to exist. */
export const changeAppeared: u32 = 1;
export const changeNonce: u32 = 2;
export const changeBalance: u32 = 3;
export const changeCode: u32 = 4;
export const changeCreated: u32 = 5;
export const changeDestructed: u32 = 6;
export const lastAccountChange: u32 = 6;
export const changeAccountWarmed: u32 = 7;
export const changeSlotWarmed: u32 = 8;
export const changeSlot: u32 = 9;
export const changeTransient: u32 = 10;
export const changeRefund: u32 = 11;
export const changeLog: u32 = 12;

/** One change. */
@unmanaged
export class JournalEntry {
  /** The change before; 0: none. */
  previous: JournalEntry;
  kind: u32;
  /** The record that was changed. */
  target: usize;
  /** What was there before; as many bytes as the kind needs. */
  old: u64;

  /** Where what was there before is. */
  get oldBytes(): usize {
    return changetype<usize>(this) + offsetof<JournalEntry>("old");
  }
}

/** The newest change of the transaction; 0: none. */
export let newestChange: JournalEntry = changetype<JournalEntry>(0);

/** Adds a change with room for `oldLength` bytes. */
export function recordChange(kind: u32, target: usize, oldLength: usize): JournalEntry {
  const entry = changetype<JournalEntry>(allocate(offsetof<JournalEntry>("old") + oldLength));
  entry.previous = newestChange;
  entry.kind = kind;
  entry.target = target;
  newestChange = entry;
  return entry;
}

/** Forgets the newest change, which the caller took back. */
export function dropNewestChange(): void {
  newestChange = newestChange.previous;
}

/** Forgets all changes: they stay. */
export function clearJournal(): void {
  newestChange = changetype<JournalEntry>(0);
}
