/** Logs of the transaction (Yellow Paper, 6.1, "log series"). */
import { storeBigEndian } from "../math/word.ts";
import { allocate } from "../memory/arena.ts";
import { copyAddress, copyBytes } from "../memory/bytes.ts";
import { changeLog, recordChange } from "./journal.ts";

/** One log. */
@unmanaged
export class Log {
  /** The log after; 0: none. */
  next: Log;
  /** 20 bytes. */
  address: usize;
  topicCount: i32;
  /** Topic 0 first, 32 bytes each, most significant byte first. */
  topics: usize;
  data: usize;
  /** Of the data, bytes. */
  length: usize;
}

let first: Log = changetype<Log>(0);
let last: Log = changetype<Log>(0);

/** The oldest log of the transaction; 0: none. Readable until the next transaction starts. */
export function firstLogOfTransaction(): Log {
  return first;
}

/** Appends a log; topics are words, topic 0 first. Everything is copied. */
export function appendLog(
  address: usize,
  topicCount: i32,
  topics: usize,
  data: usize,
  length: usize,
): void {
  const log = changetype<Log>(allocate(offsetof<Log>()));
  log.next = changetype<Log>(0);
  log.address = allocate(20);
  copyAddress(log.address, address);
  log.topicCount = topicCount;
  log.topics = allocate((<usize>topicCount) << 5);
  for (let i: usize = 0; i < <usize>topicCount; i += 1) {
    storeBigEndian(log.topics + (i << 5), topics + (i << 5));
  }
  log.data = allocate(length);
  log.length = length;
  copyBytes(log.data, data, length);
  recordChange(changeLog, changetype<usize>(last), 0);
  if (last) last.next = log;
  else first = log;
  last = log;
}

/** Takes back the newest log; `log` is the one before, 0: none. */
export function cutLogsAfter(log: Log): void {
  last = log;
  if (log) log.next = changetype<Log>(0);
  else first = log;
}

/** A transaction starts without logs. */
export function clearLogs(): void {
  first = changetype<Log>(0);
  last = first;
}
