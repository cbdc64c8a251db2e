import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FatalError } from "@sequorum/service";
import { readKeystore, writeKeystore } from "../src/index.ts";

test("a keystore opens with its password only, is private, and a changed byte is noticed", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "keystore-"));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, "secret.json");
  const secret = Uint8Array.of(1, 2, 3);
  await writeKeystore(file, "correct horse", secret);
  assert.deepEqual(await readKeystore(file, "correct horse"), secret);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await assert.rejects(readKeystore(file, "battery staple"), FatalError);
  const content = JSON.parse(await readFile(file, "utf8"));
  content.ciphertext = content.ciphertext.replace(/^../, (byte: string) =>
    byte === "00" ? "01" : "00",
  );
  await writeFile(file, JSON.stringify(content));
  await assert.rejects(readKeystore(file, "correct horse"), FatalError);
  await writeFile(file, "{}");
  await assert.rejects(readKeystore(file, "correct horse"), /is not a keystore/);
});
