/** Length-prefixed messages on a byte stream: 4 bytes big-endian, then the message. */
import { concatBytes } from "@sequorum/protocol";

/** Largest message of the MPC channel; the largest real one is below 200 bytes. */
export const messageBytesMax = 4_096;
const prefixBytes = 4;

/** One message with its prefix. */
export function frame(message: Uint8Array): Uint8Array {
  if (message.length === 0 || message.length > messageBytesMax)
    throw new RangeError("message size");
  const prefix = new Uint8Array(prefixBytes);
  new DataView(prefix.buffer).setUint32(0, message.length);
  return concatBytes(prefix, message);
}

/** Collects chunks into messages. `push` throws RangeError when a peer announces an empty or too large message. */
export function createFrameReader(): { push(chunk: Uint8Array): Uint8Array[] } {
  let buffered: Uint8Array = new Uint8Array();
  return {
    push(chunk) {
      buffered = buffered.length === 0 ? chunk : concatBytes(buffered, chunk);
      const messages: Uint8Array[] = [];
      while (buffered.length >= prefixBytes) {
        const size = new DataView(buffered.buffer, buffered.byteOffset, prefixBytes).getUint32(0);
        if (size === 0 || size > messageBytesMax) throw new RangeError("message size");
        if (buffered.length < prefixBytes + size) break;
        messages.push(buffered.slice(prefixBytes, prefixBytes + size));
        buffered = buffered.slice(prefixBytes + size);
      }
      return messages;
    },
  };
}

/** A token bucket. `take` is false when the caller is too fast. */
export function createRateLimit(options: { burst: number; perSecond: number }): {
  take(nowMs: number): boolean;
} {
  let tokens = options.burst;
  let lastMs: number | undefined;
  return {
    take(nowMs) {
      const elapsedMs = Math.max(0, nowMs - (lastMs ?? nowMs));
      tokens = Math.min(options.burst, tokens + (elapsedMs * options.perSecond) / 1_000);
      lastMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
