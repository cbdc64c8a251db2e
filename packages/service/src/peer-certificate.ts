/**
 * Self-signed Ed25519 X.509 certificates (RFC 5280, RFC 8410) in forty lines of DER. Node.js reads certificates but makes
 * none, and a library for it brings a dozen packages and a global polyfill for this one fixed shape.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A certificate in DER and its private key in PEM (PKCS #8). */
export type CertificateAndKey = {
  readonly certificate: Uint8Array;
  readonly privateKeyPem: string;
};

/** Makes a certificate for a fresh key; `commonName` is for people, trust comes from its registration on L1. */
export function createSelfSignedCertificate(commonName: string): CertificateAndKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, no leading zero
  const name = sequence(
    set(sequence(objectId(0x55, 0x04, 0x03), tagged(0x0c, Buffer.from(commonName)))),
  );
  const toBeSigned = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))), // version 3
    tagged(0x02, serial),
    ed25519,
    name, // issuer
    sequence(time("20240101000000Z"), time("20990101000000Z")),
    name, // subject
    publicKey.export({ format: "der", type: "spki" }),
    tagged(0xa3, sequence(basicConstraints)),
  );
  const signature = Buffer.concat([Buffer.of(0), sign(null, toBeSigned, privateKey)]);
  return {
    certificate: new Uint8Array(sequence(toBeSigned, ed25519, tagged(0x03, signature))),
    privateKeyPem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...items: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(items));
}

function set(item: Buffer): Buffer {
  return tagged(0x31, item);
}

function objectId(...bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes));
}

function time(generalized: string): Buffer {
  return tagged(0x18, Buffer.from(generalized));
}

const ed25519 = sequence(objectId(0x2b, 0x65, 0x70));

/** Critical basicConstraints with cA: the certificate is its own trust root. */
const basicConstraints = sequence(
  objectId(0x55, 0x1d, 0x13),
  tagged(0x01, Buffer.of(0xff)),
  tagged(0x04, sequence(tagged(0x01, Buffer.of(0xff)))),
);
