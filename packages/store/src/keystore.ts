/** Secrets at rest: one file a secret, encrypted under a password with scrypt (RFC 7914) and AES-256-GCM. */
import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { FatalError } from "@sequorum/service";

type KeystoreFile = {
  readonly version: 1;
  readonly kdf: {
    readonly name: "scrypt";
    readonly n: number;
    readonly r: number;
    readonly p: number;
    readonly salt: string;
  };
  readonly cipher: { readonly name: "aes-256-gcm"; readonly nonce: string; readonly tag: string };
  readonly ciphertext: string;
};

/** scrypt cost: 2^15 takes about 80 ms and 32 MiB. */
const cost = { n: 2 ** 15, r: 8, p: 1 } as const;

/** Writes `secret` to `file`, mode 0600; replaces a file atomically. */
export async function writeKeystore(
  file: string,
  password: string,
  secret: Uint8Array,
): Promise<void> {
  const salt = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await deriveKey(password, salt, cost), nonce);
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
  const content: KeystoreFile = {
    version: 1,
    kdf: { name: "scrypt", ...cost, salt: salt.toString("hex") },
    cipher: {
      name: "aes-256-gcm",
      nonce: nonce.toString("hex"),
      tag: cipher.getAuthTag().toString("hex"),
    },
    ciphertext: ciphertext.toString("hex"),
  };
  const temporary = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600, flush: true });
  await chmod(temporary, 0o600);
  await rename(temporary, file);
}

/** Reads a secret; throws `FatalError` when the file is no keystore or the password is wrong. */
export async function readKeystore(file: string, password: string): Promise<Uint8Array> {
  const content = parse(file, await readFile(file, "utf8"));
  const key = await deriveKey(password, Buffer.from(content.kdf.salt, "hex"), content.kdf);
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(content.cipher.nonce, "hex"));
  decipher.setAuthTag(Buffer.from(content.cipher.tag, "hex"));
  try {
    const secret = Buffer.concat([
      decipher.update(Buffer.from(content.ciphertext, "hex")),
      decipher.final(),
    ]);
    return new Uint8Array(secret);
  } catch (error) {
    throw new FatalError(`keystore ${file} does not open: wrong password or damaged file`, {
      cause: error,
    });
  }
}

function parse(file: string, text: string): KeystoreFile {
  try {
    const content = JSON.parse(text) as KeystoreFile;
    if (
      content.version !== 1 ||
      content.kdf.name !== "scrypt" ||
      content.cipher.name !== "aes-256-gcm"
    ) {
      throw new Error("unknown version");
    }
    return content;
  } catch (error) {
    throw new FatalError(`${file} is not a keystore`, { cause: error });
  }
}

function deriveKey(
  password: string,
  salt: Buffer,
  { n, r, p }: { readonly n: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(
      password.normalize("NFKC"),
      salt,
      32,
      { N: n, r, p, maxmem: 256 * n * r },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}
