// Passkeys, as the browser speaks them: our challenge in, our answer out.

import type { PasskeyAnswer, PasskeyChallenge } from "./types";

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const out = new Uint8Array(plain.length);
  for (let i = 0; i < plain.length; i++) out[i] = plain.charCodeAt(i);
  return out;
}

function text(buffer: ArrayBuffer | null | undefined): string {
  if (!buffer) return "";
  let plain = "";
  for (const byte of new Uint8Array(buffer)) plain += String.fromCharCode(byte);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Whether this browser, on this page, knows passkeys at all. */
export function passkeysHere(): boolean {
  const name = location.hostname;
  const address = /^[\d.]+$/.test(name) || name.includes(":");
  return isSecureContext && !address && typeof PublicKeyCredential === "function";
}

const known = (challenge: PasskeyChallenge): PublicKeyCredentialDescriptor[] =>
  (challenge.known ?? []).map((key) => ({
    type: "public-key",
    id: bytes(key.id),
    ...(key.transports ? { transports: key.transports as AuthenticatorTransport[] } : {}),
  }));

/** Its person closed the browser's own window, or let it time out. */
export class NoPasskey extends Error {}

/** Make a passkey. */
export async function makePasskey(challenge: PasskeyChallenge): Promise<PasskeyAnswer> {
  const made = (await navigator.credentials
    .create({
      publicKey: {
        challenge: bytes(challenge.challenge),
        rp: { id: challenge.host, name: "Countersign" },
        user: { id: bytes(challenge.user ?? ""), name: challenge.email ?? "", displayName: challenge.name || challenge.email || "" },
        pubKeyCredParams: (challenge.algorithms ?? [-7]).map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
        excludeCredentials: known(challenge),
        attestation: "none",
        timeout: 240_000,
      },
    })
    .catch((failure: unknown) => {
      throw new NoPasskey(failure instanceof DOMException ? failure.name : String(failure));
    })) as PublicKeyCredential;
  const answer = made.response as AuthenticatorAttestationResponse;
  return {
    id: text(made.rawId),
    client_data: text(answer.clientDataJSON),
    attestation: text(answer.attestationObject),
    transports: answer.getTransports?.() ?? [],
  };
}

/** Answer by a passkey. */
export async function usePasskey(challenge: PasskeyChallenge): Promise<PasskeyAnswer> {
  const used = (await navigator.credentials
    .get({
      publicKey: {
        challenge: bytes(challenge.challenge),
        rpId: challenge.host,
        allowCredentials: known(challenge),
        userVerification: "required",
        timeout: 240_000,
      },
    })
    .catch((failure: unknown) => {
      throw new NoPasskey(failure instanceof DOMException ? failure.name : String(failure));
    })) as PublicKeyCredential;
  const answer = used.response as AuthenticatorAssertionResponse;
  return {
    id: text(used.rawId),
    client_data: text(answer.clientDataJSON),
    authenticator_data: text(answer.authenticatorData),
    signature: text(answer.signature),
    user_handle: text(answer.userHandle),
  };
}
