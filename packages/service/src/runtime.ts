/** The shell around a pure core: one bounded queue, one input at a time, effects performed in order and awaited. */

/** What a core's `step` returns. */
export type Step<State, Effect> = { readonly state: State; readonly effects: readonly Effect[] };

/** A core and the hands that carry out its effects. */
export type RuntimeOptions<State, Input, Effect> = {
  readonly initial: State;
  readonly step: (state: State, input: Input) => Step<State, Effect>;
  /** Performs one effect; a throw stops the runtime (persist before send: nothing after it is performed). */
  readonly perform: (effect: Effect) => Promise<void> | void;
  /** Inputs that may wait. */
  readonly queueMax: number;
  /** Told once why the runtime stopped by itself. */
  readonly onFailure: (error: unknown) => void;
};

/** A running core. */
export type Runtime<State, Input> = {
  /** Queues an input; false when the queue is full or the runtime has stopped. */
  offer(input: Input): boolean;
  /** The state after the last input. */
  state(): State;
  /** Resolves when every queued input has been handled. */
  idle(): Promise<void>;
  /** Takes no more inputs and resolves when the one in work is done. */
  stop(): Promise<void>;
};

/** Starts a runtime. */
export function runRuntime<State, Input, Effect>(
  options: RuntimeOptions<State, Input, Effect>,
): Runtime<State, Input> {
  let state = options.initial;
  let queue: Input[] = [];
  let stopped = false;
  let working: Promise<void> | undefined;

  async function drain(): Promise<void> {
    try {
      while (queue.length > 0 && !stopped) {
        const batch = queue;
        queue = [];
        for (const input of batch) {
          if (stopped) break;
          const next = options.step(state, input);
          state = next.state;
          for (const effect of next.effects) await options.perform(effect);
        }
      }
    } catch (error) {
      stopped = true;
      options.onFailure(error);
    } finally {
      working = undefined;
    }
  }

  return {
    offer(input) {
      if (stopped || queue.length >= options.queueMax) return false;
      queue.push(input);
      working ??= Promise.resolve().then(drain);
      return true;
    },
    state: () => state,
    idle: async () => {
      while (working !== undefined) await working;
    },
    stop: async () => {
      stopped = true;
      queue = [];
      await working;
    },
  };
}
