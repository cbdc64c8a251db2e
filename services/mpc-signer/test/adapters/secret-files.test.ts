import assert from "node:assert/strict";
import { link, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Hex } from "@sequorum/protocol";
import { createSecretFiles, eraseFile } from "../../src/adapters/secret-files.ts";
import { openState, sealState } from "../../src/adapters/state-encryption.ts";
import { openDkg } from "../../src/core/dkg/step.ts";
import { bytesOf, CeremonyPool } from "../core/dkg-pool.ts";

const id: Hex = `0x${"ab".repeat(32)}`;
const share = { index: 300, signingShare: `0x${"5a".repeat(32)}` as Hex };

test("M8 an erased share does not open, and its old bytes are gone from the disk", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "sequorum-secrets-"));
  t.after(() => rm(directory, { recursive: true }));
  const files = createSecretFiles(directory, "password");
  await files.writeShare(id, share);
  const path = join(directory, `mpc-share-${id.slice(2)}.json`);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await files.readShare(id), share);
  const before = await readFile(path);
  // A second name of the same file: what the disk holds after the erasure.
  await link(path, join(directory, "other-name"));
  await files.eraseShare(id);
  const after = await readFile(join(directory, "other-name"));
  assert.equal(after.length, before.length);
  assert.ok(!after.equals(before) && !after.toString("latin1").includes("ciphertext"));
  assert.equal(await files.readShare(id), undefined);
  await files.eraseShare(id);
  assert.deepEqual(await readdir(directory), ["other-name"]);
});

test("M8 without its seed a stored ceremony is noise", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "sequorum-secrets-"));
  t.after(() => rm(directory, { recursive: true }));
  const files = createSecretFiles(directory, "password");
  const pool = new CeremonyPool({ n: 3 });
  const member = pool.members[0];
  assert.ok(member);
  const { ceremonyId } = member.state;
  const seed = await files.ceremonySeed(ceremonyId);
  assert.deepEqual(await files.ceremonySeed(ceremonyId), seed, "the same seed afterwards");
  const opened = openDkg(
    { ...pool.opening, self: member.keys.address },
    { seed: `0x${Buffer.from(seed).toString("hex")}` },
  );
  const sealed = sealState(opened.state, seed, bytesOf("nonce", 12));
  assert.deepEqual(openState(sealed, { seed, ceremonyId }), opened.state);
  assert.ok(!Buffer.from(sealed).toString("latin1").includes("roster"));
  await files.eraseCeremony(ceremonyId);
  assert.equal(await files.findCeremonySeed(ceremonyId), undefined);
  assert.throws(
    () => openState(sealed, { seed: bytesOf("another seed"), ceremonyId }),
    /does not open/,
  );
  assert.throws(() => openState(sealed, { seed, ceremonyId: id }), /does not open/);
});

test("erasing a file that is not there succeeds", async () => {
  await eraseFile(join(tmpdir(), "sequorum-no-such-file"));
});
