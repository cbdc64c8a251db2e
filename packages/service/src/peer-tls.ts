/** Mutual TLS between operators: every node presents the certificate that its operator registered on L1. */
import { bytesToHex, type Hex, hexToBytes } from "@sequorum/protocol";
import { createSelfSignedCertificate } from "./peer-certificate.ts";

/** A node's own certificate and key. */
export type PeerIdentity = {
  /** DER of the X.509 certificate, as registered on L1. */
  readonly certificate: Hex;
  /** PKCS #8 private key, PEM. */
  readonly privateKeyPem: string;
};

/** A peer as registered on L1. */
export type RegisteredPeer = {
  /** Sequencer address. */
  readonly address: Hex;
  /** DER of its X.509 certificate for the channel at hand. */
  readonly certificate: Hex;
};

/** One side of a channel between operators. */
export type PeerTls = {
  readonly identity: PeerIdentity;
  /** Every peer that may connect, or be connected to. */
  readonly peers: readonly RegisteredPeer[];
};

/** Makes an identity; trust comes from the certificate's registration on L1, not from an authority. */
export function createPeerIdentity(commonName: string): PeerIdentity {
  const { certificate, privateKeyPem } = createSelfSignedCertificate(commonName);
  return { certificate: bytesToHex(certificate), privateKeyPem };
}

/** PEM form of a DER certificate. */
export function certificatePem(certificate: Hex): string {
  const base64 = Buffer.from(hexToBytes(certificate)).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** The peer that presented this DER certificate; undefined when it is not registered. */
export function peerOfCertificate(
  peers: readonly RegisteredPeer[],
  raw: Uint8Array | undefined,
): RegisteredPeer | undefined {
  if (raw === undefined) return undefined;
  const presented = bytesToHex(raw);
  return peers.find(({ certificate }) => certificate === presented);
}

/** Serialises an identity for a keystore. */
export function encodePeerIdentity(identity: PeerIdentity): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(identity));
}

/** Reads what `encodePeerIdentity` wrote; throws `Error` on anything else. */
export function decodePeerIdentity(bytes: Uint8Array): PeerIdentity {
  const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const { certificate, privateKeyPem } = (json ?? {}) as Partial<PeerIdentity>;
  if (typeof certificate !== "string" || typeof privateKeyPem !== "string") {
    throw new Error("keystore does not hold a TLS identity");
  }
  return { certificate, privateKeyPem };
}
