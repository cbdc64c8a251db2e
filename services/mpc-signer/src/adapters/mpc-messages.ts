/** Messages of the MPC channel as domain data. Protobuf is never signed or hashed. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { MpcMessageSchema } from "@sequorum/proto/mpc";
import { bytesToHex, type Hex, hexToBytes } from "@sequorum/protocol";
import { encryptedShareBytes } from "../core/share-encryption.ts";

/** Body of a message. */
export type MpcBody =
  | { readonly type: "encryptedShare"; readonly ciphertext: Hex }
  | { readonly type: "shareRequest" }
  | { readonly type: "signatureShare"; readonly share: Hex };

/** A message for a session. */
export type MpcMessage = { readonly sessionId: Hex; readonly body: MpcBody };

/** Wire form. */
export function encodeMpcMessage({ sessionId, body }: MpcMessage): Uint8Array {
  const init: WireMessage = {
    sessionId: new Uint8Array(hexToBytes(sessionId)),
    message: wireBody(body),
  };
  return toBinary(MpcMessageSchema, create(MpcMessageSchema, init));
}

type WireMessage = Exclude<MessageInitShape<typeof MpcMessageSchema>, { $typeName: string }>;

function wireBody(body: MpcBody): NonNullable<WireMessage["message"]> {
  switch (body.type) {
    case "encryptedShare":
      return {
        case: "encryptedShare",
        value: { ciphertext: new Uint8Array(hexToBytes(body.ciphertext)) },
      };
    case "shareRequest":
      return { case: "shareRequest", value: {} };
    case "signatureShare":
      return { case: "signatureShare", value: { share: new Uint8Array(hexToBytes(body.share)) } };
  }
}

/** The message, or undefined for anything malformed. */
export function decodeMpcMessage(bytes: Uint8Array): MpcMessage | undefined {
  let decoded: ReturnType<typeof parse>;
  try {
    decoded = parse(bytes);
  } catch {
    return undefined; // not protobuf: peer input
  }
  const { sessionId, message } = decoded;
  if (sessionId.length !== 32) return undefined;
  const id = bytesToHex(sessionId);
  switch (message.case) {
    case "encryptedShare": {
      const { ciphertext } = message.value;
      if (ciphertext.length !== encryptedShareBytes) return undefined;
      return {
        sessionId: id,
        body: { type: "encryptedShare", ciphertext: bytesToHex(ciphertext) },
      };
    }
    case "shareRequest":
      return { sessionId: id, body: { type: "shareRequest" } };
    case "signatureShare": {
      const { share } = message.value;
      if (share.length !== 32) return undefined;
      return { sessionId: id, body: { type: "signatureShare", share: bytesToHex(share) } };
    }
    default:
      return undefined;
  }
}

const parse = (bytes: Uint8Array) => fromBinary(MpcMessageSchema, bytes);
