// What stands in a secret's place: a public key, or the set that an issuer publishes.

import type { JSX } from "preact";
import { Field } from "../../shared/ui";
import type * as api from "../api";
import { t } from "../text";
import { Choice, Select } from "../ui/forms";

const k = t.keys;

export interface PublicDraft {
  source: "set" | "key";
  publicKey: string;
  url: string;
  issuer: string;
  algorithm: string;
}

export const noHalf: PublicDraft = { source: "set", publicKey: "", url: "", issuer: "", algorithm: "" };

export function isWhole(draft: PublicDraft): boolean {
  return draft.source === "set" ? !!draft.url.trim() && !!draft.issuer.trim() : !!draft.publicKey.trim();
}

export function halfOf(draft: PublicDraft): api.PublicHalf {
  const issuer = draft.issuer.trim();
  if (draft.source === "set") return { jwks_url: draft.url.trim(), issuer, ...(draft.algorithm ? { algorithm: draft.algorithm } : {}) };
  return { public_key: draft.publicKey.trim(), ...(issuer ? { issuer } : {}) };
}

export function PublicHalf({ draft, set, missing }: { draft: PublicDraft; set: (patch: Partial<PublicDraft>) => void; missing: (value: string, error: string) => { error?: string } }): JSX.Element {
  return (
    <>
      <Choice
        legend={k.source}
        name="source"
        value={draft.source}
        onValue={(source) => set({ source })}
        options={(["set", "key"] as const).map((value) => ({ value, label: k.sources[value] ?? value }))}
      />
      {draft.source === "set" ? (
        <>
          <Field label={k.jwksURL} hint={k.jwksHint} type="url" value={draft.url} onValue={(url) => set({ url })} {...missing(draft.url, k.publicMissing)} />
          <Field label={k.issuer} hint={k.issuerHint} value={draft.issuer} onValue={(issuer) => set({ issuer })} {...missing(draft.issuer, k.publicMissing)} />
          <Select
            label={t.proofs.algorithm}
            hint={t.proofs.algorithmHint}
            value={draft.algorithm}
            options={["", "ES256", "RS256", "EdDSA"].map((value) => ({ value, label: value || t.proofs.algorithmAny }))}
            onValue={(algorithm) => set({ algorithm })}
          />
        </>
      ) : (
        <Field label={k.publicKey} hint={k.publicHint} lines={5} value={draft.publicKey} onValue={(publicKey) => set({ publicKey })} {...missing(draft.publicKey, k.publicMissing)} />
      )}
    </>
  );
}
