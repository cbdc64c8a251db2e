import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { secp256k1_FROST as rfc } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "../src/bytes.ts";

type Rfc9591 = {
  inputs: {
    participant_list: number[];
    group_secret_key: string;
    verifying_key_key: string;
    message: string;
    share_polynomial_coefficients: string[];
    participant_shares: { identifier: number; participant_share: string }[];
  };
  round_one_outputs: { outputs: Record<string, string>[] };
  round_two_outputs: { outputs: { identifier: number; sig_share: string }[] };
  final_output: { sig: string };
};

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = process.env.SEQUORUM_VECTORS ?? join(root, "../shared/conformance");
const path = join(folder, "frost/rfc9591-secp256k1-sha256.json");
const present = existsSync(path);
if (!present) console.log(`SKIPPED: RFC 9591 vectors are not at ${path} (set SEQUORUM_VECTORS)`);

const hex = (bytes: Uint8Array) => bytesToHex(bytes).slice(2);
const raw = (text: string | undefined) => new Uint8Array(hexToBytes(`0x${text ?? "missing"}`));

test("noble's secp256k1 FROST gives the RFC 9591 vectors byte for byte", { skip: !present }, () => {
  const { inputs, round_one_outputs, round_two_outputs, final_output } = JSON.parse(
    readFileSync(path, "utf8"),
  ) as Rfc9591;
  const signers = { min: 2, max: 3 };
  const { Fn } = rfc.utils;
  const coefficient = Fn.fromBytes(raw(inputs.share_polynomial_coefficients[0]));
  const polynomial = rfc.utils.generateSecretPolynomial(signers, raw(inputs.group_secret_key), [
    coefficient,
  ]);
  assert.equal(hex(polynomial.commitment[0] ?? new Uint8Array()), inputs.verifying_key_key);
  const secrets = new Map(
    inputs.participant_shares.map(({ identifier, participant_share }) => [
      identifier,
      { identifier: rfc.Identifier.fromNumber(identifier), signingShare: raw(participant_share) },
    ]),
  );
  const pub = {
    signers,
    commitments: polynomial.commitment,
    verifyingShares: Object.fromEntries(
      [...secrets.values()].map((secret) => {
        rfc.validateSecret(secret, {
          signers,
          commitments: polynomial.commitment,
          verifyingShares: {},
        });
        return [secret.identifier, rfcPublic(secret.signingShare)];
      }),
    ),
  };
  const rounds = round_one_outputs.outputs.map((output) => {
    const secret = secrets.get(Number(output.identifier));
    assert.ok(secret);
    const randomness = [raw(output.hiding_nonce_randomness), raw(output.binding_nonce_randomness)];
    const round = rfc.commit(secret, () => randomness.shift() ?? new Uint8Array());
    assert.equal(hex(round.nonces.hiding), output.hiding_nonce);
    assert.equal(hex(round.nonces.binding), output.binding_nonce);
    assert.equal(hex(round.commitments.hiding), output.hiding_nonce_commitment);
    assert.equal(hex(round.commitments.binding), output.binding_nonce_commitment);
    return { secret, ...round };
  });
  const list = rounds.map(({ commitments }) => commitments);
  const message = raw(inputs.message);
  const shares = rounds.map(({ secret, nonces }, i) => {
    const share = rfc.signShare(secret, pub, nonces, list, message);
    assert.equal(hex(share), round_two_outputs.outputs[i]?.sig_share);
    assert.ok(rfc.verifyShare(pub, list, message, secret.identifier, share));
    return [secret.identifier, share] as const;
  });
  const signature = rfc.aggregate(pub, list, message, Object.fromEntries(shares));
  assert.equal(hex(signature), final_output.sig);
  assert.ok(rfc.verify(signature, message, raw(inputs.verifying_key_key)));
});

function rfcPublic(share: Uint8Array): Uint8Array<ArrayBuffer> {
  const dealt = rfc.utils.generateSecretPolynomial({ min: 2, max: 2 }, new Uint8Array(share), [1n]);
  return dealt.commitment[0] ?? new Uint8Array();
}
