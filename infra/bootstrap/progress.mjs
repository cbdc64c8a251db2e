// Progress of the set-up: one line a step, quiet when a step had nothing to do.

/** Runs one step and says how it went and how long it took when that is worth a line. */
export async function step(name, work) {
  const startedAt = Date.now();
  const pending = setTimeout(() => process.stderr.write(`set-up: ${name} ...\n`), 300);
  pending.unref();
  if (process.stderr.isTTY) process.stderr.write(`set-up: ${name} ...\r`);
  const result = await work();
  clearTimeout(pending);
  const seconds = (Date.now() - startedAt) / 1_000;
  if (seconds >= 0.3) process.stderr.write(`set-up: ${name} done in ${seconds.toFixed(1)} s\n`);
  return result;
}

/** Ends the process with one message that says what to do. */
export function fail(message) {
  process.stderr.write(`\nset-up failed: ${message}\n`);
  process.exit(1);
}
