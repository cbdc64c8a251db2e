/**
 * Secrets of this service at rest: one encrypted file each (scrypt, AES-256-GCM, mode 0600) in the keystore directory.
 * Erasing overwrites the file, syncs, removes it, and proves that it does not open any more.
 */
import { randomBytes } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { assert, type Hex, hexToBytes, isHex } from "@sequorum/protocol";
import { FatalError } from "@sequorum/service";
import { readKeystore, writeKeystore } from "@sequorum/store";
import type { KeyShare } from "../core/dkg/dealer.ts";

/** Secret files by kind and id. */
export type SecretFiles = {
  /** The ceremony's seed; made on first use, the same afterwards. */
  ceremonySeed(ceremonyId: Hex): Promise<Uint8Array>;
  /** The seed if there is one. */
  findCeremonySeed(ceremonyId: Hex): Promise<Uint8Array | undefined>;
  eraseCeremony(ceremonyId: Hex): Promise<void>;
  writeShare(keyId: Hex, share: KeyShare): Promise<void>;
  readShare(keyId: Hex): Promise<KeyShare | undefined>;
  eraseShare(keyId: Hex): Promise<void>;
};

const overwritePasses = 2;

/** Secret files in `directory` under `password`. */
export function createSecretFiles(directory: string, password: string): SecretFiles {
  const pathOf = (kind: "ceremony" | "share", id: Hex) => {
    assert(isHex(id, 32), "ids are 32 bytes", { kind });
    return join(directory, `mpc-${kind}-${id.slice(2)}.json`);
  };
  const read = async (path: string) =>
    (await exists(path)) ? await readKeystore(path, password) : undefined;
  return {
    async ceremonySeed(ceremonyId) {
      const path = pathOf("ceremony", ceremonyId);
      const known = await read(path);
      if (known !== undefined) return known;
      const seed = new Uint8Array(randomBytes(32));
      await writeKeystore(path, password, seed);
      return seed;
    },
    findCeremonySeed: (ceremonyId) => read(pathOf("ceremony", ceremonyId)),
    eraseCeremony: (ceremonyId) => eraseFile(pathOf("ceremony", ceremonyId)),
    async writeShare(keyId, { index, signingShare }) {
      assert(Number.isInteger(index) && index >= 0 && index < 2 ** 16, "a roster place", { index });
      const bytes = Uint8Array.of(index >> 8, index & 0xff, ...hexToBytes(signingShare));
      await writeKeystore(pathOf("share", keyId), password, bytes);
      bytes.fill(0);
    },
    async readShare(keyId) {
      const bytes = await read(pathOf("share", keyId));
      if (bytes === undefined) return undefined;
      if (bytes.length !== 34) throw new FatalError(`the share of key ${keyId} is damaged`);
      const index = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
      return { index, signingShare: `0x${Buffer.from(bytes.subarray(2)).toString("hex")}` };
    },
    eraseShare: (keyId) => eraseFile(pathOf("share", keyId)),
  };
}

/** Overwrites, syncs, removes and verifies. A file that is not there is erased. */
export async function eraseFile(path: string): Promise<void> {
  if (!(await exists(path))) return;
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    for (let pass = 0; pass < overwritePasses; pass++) {
      await file.write(randomBytes(size), 0, size, 0);
      await file.sync();
    }
  } finally {
    await file.close();
  }
  await rm(path);
  if (await exists(path))
    throw new FatalError(`secret file ${path} is still there after its removal`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
