// The dialogs that make a secret or show one. Each asks for the password and a reason,
// since whoever holds a secret passes as any customer; one that was made is shown until
// it was put away on purpose.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Button, Dialog, Field, Notice, toast } from "../../shared/ui";
import * as api from "../api";
import { DIALECTS, dialectName, dialectOf } from "../dialects";
import type { ApiError } from "../http";
import { t } from "../text";
import { full } from "../time";
import type { Channel, Key, Platform, Signs } from "../types";
import { FirmDialog, ProblemLine, useAction } from "../ui/ask";
import { confirmed } from "../ui/confirm";
import { Secret } from "../ui/copy";
import { Check, Choice, Select } from "../ui/forms";
import { platformsOf } from "../ui/modes";
import { BackendCode } from "../ui/snippets";
import { PlatformChoice } from "./channels";
import { successorName } from "./key-name";
import { halfOf, isWhole, noHalf, PublicHalf, type PublicDraft } from "./key-public";
import type { Shown } from "./keys";

const k = t.keys;

/** How a key comes in: made here, brought along, or as a public half. */
export type Way = "generate" | "import" | "publish";

interface KeyDraft extends PublicDraft {
  name: string;
  dialect: string;
  signs: Signs;
  platforms: Platform[];
  reveal: "once" | "request";
  secret: string;
  insist: boolean;
  reason: string;
}

const words: Record<Way, { title: string; body: string; action: string; done: string }> = {
  generate: { title: k.generate, body: k.generateBody, action: k.doGenerate, done: "" },
  import: { title: k.import, body: k.importBody, action: k.doImport, done: k.importedToast },
  publish: { title: k.publish, body: k.publishBody, action: k.doPublish, done: k.publishedToast },
};

const firstDialect: Record<Way, string> = { generate: "native", import: "intercom", publish: "native-jwt" };

/** An imported secret keeps its bytes: of what surrounds a paste only the line break at its end goes. */
const pasted = (text: string) => text.replace(/\r?\n$/, "");

function complete(way: Way, draft: KeyDraft): boolean {
  const common = draft.name.trim() && draft.platforms.length > 0 && draft.reason.trim();
  if (way === "import") return !!common && !!pasted(draft.secret);
  if (way === "publish") return !!common && isWhole(draft);
  return !!common;
}

function request(way: Way, draft: KeyDraft): api.NewKey {
  const key: api.NewKey = { name: draft.name.trim(), dialect: draft.dialect, signs: draft.signs, platforms: draft.platforms, reason: draft.reason.trim() };
  if (way === "publish")
    return { ...key, ...halfOf(draft) };
  if (way === "generate") return { ...key, reveal: draft.reveal };
  return { ...key, reveal: draft.reveal, secret: pasted(draft.secret), ...(draft.insist ? { insist: true } : {}) };
}

export function NewKeyDialog({ channel, way, onClose, onMade }: { channel: Channel; way: Way; onClose: () => void; onMade: (next: Shown) => void }): JSX.Element {
  const serves = platformsOf(channel);
  const [draft, setDraft] = useState<KeyDraft>({
    name: "", dialect: firstDialect[way], signs: "user_id", platforms: serves, reveal: "once", secret: "", insist: false,
    ...noHalf, reason: "",
  });
  const [tried, setTried] = useState(false);
  const action = useAction();
  const set = (patch: Partial<KeyDraft>) => setDraft({ ...draft, ...patch });
  const missing = (value: string, error: string) => (tried && !value.trim() ? { error } : {});
  const say = words[way];

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!complete(way, draft)) return;
    await action.run(async () => {
      const made = await confirmed(() => api.createKey(channel.id, request(way, draft)));
      if (say.done) toast(say.done);
      onMade(made.secret ? { kind: "secret", key: made.key, secret: made.secret } : null);
    });
  };
  return (
    <Dialog title={say.title} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate autocomplete="off">
        <p class="dim">{say.body}</p>
        <Field label={k.name} hint={k.nameHint} value={draft.name} maxLength={80} onValue={(name) => set({ name })} {...missing(draft.name, k.nameMissing)} />
        <WhatItSigns way={way} draft={draft} set={set} />
        {serves.length > 1 && (
          <PlatformChoice legend={k.platformsLegend} of={serves} value={draft.platforms} onValue={(platforms) => set({ platforms })} tried={tried} missing={k.platformsMissing} />
        )}
        {way === "import" && <Pasted draft={draft} set={set} tried={tried} weak={action.problem?.code === "request_invalid"} />}
        {way === "publish" && <PublicHalf draft={draft} set={set} missing={missing} />}
        {way !== "publish" && (
          <Choice
            legend={k.revealLegend}
            name="reveal"
            value={draft.reveal}
            onValue={(reveal) => set({ reveal })}
            options={(["once", "request"] as const).map((value) => ({
              value,
              label: (way === "import" ? k.revealImported : k.revealChoices)[value] ?? value,
              hint: k.revealHints[value] ?? "",
            }))}
          />
        )}
        <Reason value={draft.reason} onValue={(reason) => set({ reason })} tried={tried} />
        {action.problem && <KeyProblem problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {say.action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

type Set = (patch: Partial<KeyDraft>) => void;

function WhatItSigns({ way, draft, set }: { way: Way; draft: KeyDraft; set: Set }): JSX.Element {
  const dialect = dialectOf(draft.dialect);
  return (
    <>
      {way !== "publish" && (
        <Select
          label={k.dialect}
          hint={`${k.dialectHint} ${k.proofs[dialect.proof] ?? ""}`}
          value={draft.dialect}
          options={DIALECTS.map((d) => ({ value: d.id, label: d.id === "native" ? k.dialectSelf : dialectName(d.id) }))}
          onValue={(id) => set({ dialect: id, signs: dialectOf(id).signs[0] ?? "user_id" })}
        />
      )}
      {dialect.signs.length > 1 && (
        <Choice
          legend={k.signsLegend}
          name="signs"
          value={draft.signs}
          onValue={(signs) => set({ signs })}
          options={dialect.signs.map((signs) => ({ value: signs, label: t.kinds[signs] ?? signs, hint: k.signsHints[signs] ?? "" }))}
        />
      )}
      {draft.signs === "either" && (
        <Notice kind="warn" icon="alert">
          {k.eitherWarn}
        </Notice>
      )}
    </>
  );
}

function Pasted({ draft, set, tried, weak }: { draft: KeyDraft; set: Set; tried: boolean; weak: boolean }): JSX.Element {
  return (
    <>
      <Field
        label={k.secret}
        hint={k.secretHint}
        lines={2}
        value={draft.secret}
        onValue={(secret) => set({ secret })}
        {...(tried && !pasted(draft.secret) ? { error: k.secretMissing } : {})}
      />
      {(weak || draft.insist) && <Check label={k.insist} hint={k.insistHint} checked={draft.insist} onValue={(insist) => set({ insist })} />}
    </>
  );
}

/** Why somebody wants what lets its holder pass as a customer. */
export function Reason({ value, onValue, tried }: { value: string; onValue: (value: string) => void; tried: boolean }): JSX.Element {
  return <Field label={k.why} hint={k.whyHint} value={value} maxLength={200} onValue={onValue} {...(tried && !value.trim() ? { error: k.whyMissing } : {})} />;
}

function KeyProblem({ problem }: { problem: ApiError }): JSX.Element {
  if (problem.code === "conflict" && /secret/.test(problem.detail))
    return (
      <Notice kind="bad" icon="alert">
        <span role="alert">{k.inUse}</span>
      </Notice>
    );
  return <ProblemLine problem={problem} />;
}

/** Which key exactly: names may repeat, fingerprints do not. */
export function Fingerprint({ subject }: { subject: Key }): JSX.Element {
  return (
    <p class="key__print">
      <span class="dim">{k.fingerprint}</span> <code>{subject.fingerprint}</code>
    </p>
  );
}

export function SecretDialog({ subject, secret, again, onDone }: { subject: Key; secret: string; again: boolean; onDone: () => void }): JSX.Element {
  return (
    <FirmDialog title={again ? k.secretLabel(subject.name) : k.secretTitle} done={again ? k.revealDone : k.secretDone} onDone={onDone}>
      <p>{again ? k.secretAgain : subject.reveal === "request" ? k.secretRequest : k.secretOnce}</p>
      <Secret text={secret} label={k.secretLabel(subject.name)} />
      <details class="fold">
        <summary>{k.secretCode}</summary>
        <BackendCode keyId={subject.id} />
      </details>
    </FirmDialog>
  );
}

const overlaps = ["168", "720", "72", "24", "0"];

export function RotateDialog({ subject, onClose, onMade }: { subject: Key; onClose: () => void; onMade: (next: Shown) => void }): JSX.Element {
  // Left as it is, the server says it once more: it knows what every other key is called.
  const [likely] = useState(() => successorName(subject.name, new Date()));
  const [name, setName] = useState(likely);
  const [overlap, setOverlap] = useState("168");
  const [reason, setReason] = useState("");
  // Of a public key we hold one half: the next one is brought along.
  const [half, setHalf] = useState<PublicDraft>({ ...noHalf, source: subject.public?.jwks_url ? "set" : "key", issuer: subject.public?.issuer ?? "" });
  const [tried, setTried] = useState(false);
  const action = useAction();
  const hours = Number(overlap);
  const ends = new Date(Date.now() + hours * 3_600_000).toISOString();
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!reason.trim() || (subject.public && !isWhole(half))) return;
    await action.run(async () => {
      const made = await confirmed(() => api.rotateKey(subject.id, name.trim() === likely ? "" : name.trim(), hours, reason.trim(), subject.public ? halfOf(half) : {}));
      if (!made.secret) toast(k.publishedToast);
      onMade(made.secret ? { kind: "secret", key: made.key, secret: made.secret } : null);
    });
  };
  return (
    <Dialog title={k.rotateTitle(subject.name)} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate autocomplete="off">
        <p>{k.rotateBody(subject.live_sessions)}</p>
        {subject.public && <p class="dim">{subject.public.jwks_url ? t.proofs.rotateSet : t.proofs.rotatePublic}</p>}
        <Fingerprint subject={subject} />
        {subject.public && (
          <PublicHalf draft={half} set={(patch) => setHalf({ ...half, ...patch })} missing={(value, error) => (tried && !value.trim() ? { error } : {})} />
        )}
        <Field label={k.nextName} hint={k.nextNameHint} value={name} maxLength={80} onValue={setName} />
        <Select label={k.overlap} value={overlap} onValue={setOverlap} options={overlaps.map((value) => ({ value, label: k.overlaps[value] ?? value }))} />
        <Notice {...(hours === 0 ? { kind: "warn" as const } : {})} icon="info">
          {hours === 0 ? k.overlapNow(subject.live_sessions) : k.overlapUntil(full(ends))}
        </Notice>
        <Reason value={reason} onValue={setReason} tried={tried} />
        {action.problem && <ProblemLine problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {k.doRotate}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function RevealDialog({ subject, onClose, onShown }: { subject: Key; onClose: () => void; onShown: (next: Shown) => void }): JSX.Element {
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction();
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!reason.trim()) return;
    await action.run(async () => {
      const { secret } = await confirmed(() => api.revealKey(subject.id, reason.trim()));
      onShown({ kind: "secret", key: subject, secret, again: true });
    });
  };
  return (
    <Dialog title={k.revealTitle(subject.name)} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate autocomplete="off">
        <p>{k.revealBody}</p>
        <Fingerprint subject={subject} />
        <Reason value={reason} onValue={setReason} tried={tried} />
        {action.problem && <ProblemLine problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {k.doReveal}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
