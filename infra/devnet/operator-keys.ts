/** The keys of one operator, made once and kept encrypted. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { type Hex, privateKeyToPublicKey, publicKeyToAddress } from "@sequorum/protocol";
import { createPeerIdentity, decodePeerIdentity, encodePeerIdentity } from "@sequorum/service";
import { readKeystore, writeKeystore } from "@sequorum/store";

/** Secret keys of an operator, as the development pool needs them to register it. */
export type OperatorKeys = {
  readonly sequencerKey: Uint8Array;
  readonly sequencerPublicKey: Hex;
  /** Address of the sequencer key: the operator's name in the protocol. */
  readonly address: Hex;
  /** Account that pays for L1 transactions and, in development, owns the stake. */
  readonly l1SenderKey: Uint8Array;
  readonly l1Sender: Hex;
  readonly feedCertificate: Hex;
  readonly consensusCertificate: Hex;
  /** libp2p peer id of the MPC channel. */
  readonly mpcPeerId: string;
};

/** Directory with the keystores and file with their password, as services are configured. */
export function keystorePaths(operatorDirectory: string): {
  readonly directory: string;
  readonly passwordFile: string;
} {
  return {
    directory: join(operatorDirectory, "keystore"),
    passwordFile: join(operatorDirectory, "password"),
  };
}

/** Reads the operator's keys; makes them the first time. */
export async function openOperatorKeys(
  name: string,
  operatorDirectory: string,
): Promise<OperatorKeys> {
  const { directory, passwordFile } = keystorePaths(operatorDirectory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(passwordFile)) {
    await writeFile(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
  }
  const password = await readFile(passwordFile, "utf8");
  const open = async (file: string, make: () => Uint8Array) => {
    const path = join(directory, file);
    if (existsSync(path)) return readKeystore(path, password);
    const secret = make();
    await writeKeystore(path, password, secret);
    return secret;
  };
  const identity = (channel: string) => () =>
    encodePeerIdentity(createPeerIdentity(`${name} ${channel}`));
  const random = () => new Uint8Array(randomBytes(32));
  const [sequencerKey, l1SenderKey, feed, consensus, p2pSeed] = await Promise.all([
    open("sequencer.json", random),
    open("l1-sender.json", random),
    open("feed-tls.json", identity("feed")),
    open("consensus-tls.json", identity("consensus")),
    open("mpc-p2p.json", random),
  ]);
  const sequencerPublicKey = privateKeyToPublicKey(sequencerKey);
  const p2pKey = await generateKeyPairFromSeed("Ed25519", p2pSeed);
  return {
    sequencerKey,
    sequencerPublicKey,
    address: publicKeyToAddress(sequencerPublicKey),
    l1SenderKey,
    l1Sender: publicKeyToAddress(privateKeyToPublicKey(l1SenderKey)),
    feedCertificate: decodePeerIdentity(feed).certificate,
    consensusCertificate: decodePeerIdentity(consensus).certificate,
    mpcPeerId: peerIdFromPrivateKey(p2pKey).toString(),
  };
}
