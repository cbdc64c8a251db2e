/** JSON-RPC over one WebSocket: bounded work, bounded waiting, bounded unsent bytes, pings. */
import type { RawData, WebSocket } from "ws";
import type { Dispatch } from "../dispatch.ts";
import { errorAnswer } from "../envelope.ts";
import { JsonRpcFailure, limitExceeded } from "../errors.ts";
import type { JsonRpcLimits } from "../limits.ts";
import type { JsonRpcMetrics } from "../metrics.ts";
import { SubscriptionSession, type SubscriptionOutlet } from "../subscriptions.ts";
import type { Admission } from "./admission.ts";
import { decodeUtf8 } from "./http.ts";

/** What a connection works with. */
export type WebSocketDeps = {
  readonly dispatch: Dispatch;
  readonly limits: JsonRpcLimits;
  readonly metrics: JsonRpcMetrics;
  readonly inFlight: Admission;
  readonly pendingTransaction: SubscriptionOutlet["pendingTransaction"];
};

/** Close codes (RFC 6455, section 7.4.1). */
const closeGoingAway = 1001;
const closePolicyViolation = 1008;
const closeTryAgainLater = 1013;
/** Time that a client has to answer a close frame. */
const closeGraceMs = 1_000;

/** One client. Messages are started in the order of arrival, at most `inFlightPerConnectionMax` at once. */
export class WebSocketConnection {
  readonly session: SubscriptionSession;
  readonly #socket: WebSocket;
  readonly #deps: WebSocketDeps;
  readonly #pingTimer: NodeJS.Timeout;
  #waiting: string[] = [];
  #working = 0;
  #isAlive = true;
  #wasBehind = false;

  constructor(socket: WebSocket, deps: WebSocketDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.session = new SubscriptionSession(
      { subscriptionsMax: deps.limits.subscriptionsPerConnectionMax },
      {
        send: (text) => this.#notify(text),
        disconnect: (reason) => this.#disconnect(reason),
        pendingTransaction: deps.pendingTransaction,
      },
    );
    socket.on("message", (data) => this.#onMessage(data));
    socket.on("pong", () => {
      this.#isAlive = true;
    });
    // ws closes the socket after an error (oversized or malformed frames); listening keeps it from being thrown.
    socket.on("error", () => {});
    socket.on("close", () => this.#onClose());
    this.#pingTimer = setInterval(() => this.#onPingTimer(), deps.limits.webSocketPingIntervalMs);
  }

  /** Says goodbye; answers in flight may still be sent until the socket is terminated. */
  close(): void {
    this.#leave(closeGoingAway, "server is closing");
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#socket.terminate();
  }

  #onMessage(data: RawData): void {
    const { limits, metrics } = this.#deps;
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#waiting.length >= limits.queuedPerConnectionMax) {
      metrics.cut("queuedPerConnectionMax");
      this.#leave(closePolicyViolation, "too many requests at once");
      return;
    }
    const text = decodeUtf8(toBytes(data));
    if (text === undefined) {
      this.#reply(errorAnswer(null, new JsonRpcFailure("parseError", "parse error")));
      return;
    }
    this.#waiting.push(text);
    this.#pump();
  }

  /** Starts waiting messages as far as the bounds allow, and reads from the socket only while they do. */
  #pump(): void {
    const { limits } = this.#deps;
    while (this.#canStart()) {
      const text = this.#waiting.shift();
      if (text === undefined) break;
      void this.#work(text);
    }
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#working >= limits.inFlightPerConnectionMax || this.#waiting.length > 0)
      this.#socket.pause();
    else this.#socket.resume();
  }

  #canStart(): boolean {
    const { limits } = this.#deps;
    return (
      this.#working < limits.inFlightPerConnectionMax &&
      this.#socket.bufferedAmount <= limits.webSocketUnsentBytesMax
    );
  }

  async #work(text: string): Promise<void> {
    const { inFlight, metrics, dispatch } = this.#deps;
    if (!inFlight.tryEnter()) {
      metrics.cut("inFlightMax");
      this.#reply(errorAnswer(null, limitExceeded("server is busy, try again", "inFlightMax")));
      return;
    }
    this.#working += 1;
    try {
      const scope = this.session.scope();
      const answer = await dispatch(text, scope);
      if (answer !== undefined) this.#reply(answer);
      scope.release();
    } finally {
      inFlight.leave();
      this.#working -= 1;
      this.#pump();
    }
  }

  #reply(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(text, () => this.#pump());
  }

  /** Sends a notification; a subscriber that lets too much pile up is cut rather than buffered for. */
  #notify(text: string): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    if (this.#socket.bufferedAmount > this.#deps.limits.webSocketUnsentBytesMax) {
      this.#deps.metrics.cut("slowSubscriber");
      this.#socket.terminate();
      return false;
    }
    this.#socket.send(text);
    return true;
  }

  #disconnect(reason: string): void {
    this.#deps.metrics.cut("eventsOverflowed");
    this.#leave(closeTryAgainLater, reason);
  }

  /** Says why and waits a little for the client's own goodbye, which needs reading. */
  #leave(code: number, reason: string): void {
    this.#waiting = [];
    this.#socket.close(code, reason);
    this.#socket.resume();
    const grace = setTimeout(() => this.#socket.terminate(), closeGraceMs);
    this.#socket.once("close", () => clearTimeout(grace));
  }

  /** Cuts a client that did not answer the last ping, or has been behind in reading since then. */
  #onPingTimer(): void {
    const isBehind = this.#socket.bufferedAmount > this.#deps.limits.webSocketUnsentBytesMax;
    if (!this.#isAlive || (isBehind && this.#wasBehind)) {
      this.#deps.metrics.cut(this.#isAlive ? "responseReadTimeout" : "noPong");
      this.#socket.terminate();
      return;
    }
    this.#wasBehind = isBehind;
    this.#isAlive = false;
    // A paused socket cannot deliver the pong: while we do not read, silence is our doing.
    if (this.#socket.isPaused) this.#isAlive = true;
    else this.#socket.ping();
  }

  #onClose(): void {
    clearInterval(this.#pingTimer);
    this.#waiting = [];
  }
}

function toBytes(data: RawData): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return Array.isArray(data) ? Buffer.concat(data) : data;
}
