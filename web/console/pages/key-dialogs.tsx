// The dialogs of a key's life. Each says in numbers what will happen, asks once, and
// a secret that was made is shown until it was put away on purpose.

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
import { Secret } from "../ui/copy";
import { Check, Choice, Select } from "../ui/forms";
import { platformsOf } from "../ui/modes";
import { BackendCode } from "../ui/snippets";
import { PlatformChoice } from "./channels";
import type { Shown } from "./keys";

const k = t.keys;

interface KeyDraft {
  name: string;
  dialect: string;
  signs: Signs;
  platforms: Platform[];
  secret: string;
  insist: boolean;
}

export function NewKeyDialog({ channel, importing, onClose, onMade }: {
  channel: Channel;
  importing: boolean;
  onClose: () => void;
  onMade: (next: Shown) => void;
}): JSX.Element {
  const serves = platformsOf(channel);
  const [draft, setDraft] = useState<KeyDraft>({
    name: "",
    dialect: importing ? "intercom" : "native",
    signs: "user_id",
    platforms: serves,
    secret: "",
    insist: false,
  });
  const [tried, setTried] = useState(false);
  const action = useAction();
  const set = (patch: Partial<KeyDraft>) => setDraft({ ...draft, ...patch });
  const dialect = dialectOf(draft.dialect);
  // An imported secret keeps its bytes: of what surrounds a paste only the line break at its end goes.
  const secret = draft.secret.replace(/\r?\n$/, "");
  const weak = action.problem?.code === "request_invalid";

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!draft.name.trim() || draft.platforms.length === 0 || (importing && !secret)) return;
    await action.run(async () => {
      const made = await api.createKey(channel.id, {
        name: draft.name.trim(),
        dialect: draft.dialect,
        signs: draft.signs,
        platforms: draft.platforms,
        ...(importing ? { secret, ...(draft.insist ? { insist: true } : {}) } : {}),
      });
      if (importing) toast(k.importedToast);
      onMade(made.secret ? { kind: "secret", key: made.key, secret: made.secret } : null);
    });
  };
  return (
    <Dialog title={importing ? k.import : k.generate} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate autocomplete="off">
        <p class="dim">{importing ? k.importBody : k.generateBody}</p>
        <Field
          label={k.name}
          hint={k.nameHint}
          value={draft.name}
          maxLength={80}
          onValue={(name) => set({ name })}
          {...(tried && !draft.name.trim() ? { error: k.nameMissing } : {})}
        />
        <Select
          label={k.dialect}
          hint={k.dialectHint}
          value={draft.dialect}
          options={DIALECTS.map((d) => ({ value: d.id, label: d.id === "native" ? k.dialectSelf : dialectName(d.id) }))}
          onValue={(id) => set({ dialect: id, signs: dialectOf(id).signs[0] ?? "user_id" })}
        />
        {dialect.signs.length > 1 && (
          <Choice
            legend={k.signsLegend}
            name="signs"
            value={draft.signs}
            onValue={(signs) => set({ signs })}
            options={dialect.signs.map((signs) => ({ value: signs, label: t.kinds[signs] ?? signs, hint: k.signsHints[signs] ?? "" }))}
          />
        )}
        {serves.length > 1 && (
          <PlatformChoice legend={k.platformsLegend} of={serves} value={draft.platforms} onValue={(platforms) => set({ platforms })} tried={tried} missing={k.platformsMissing} />
        )}
        {importing && (
          <>
            <Field
              label={k.secret}
              hint={k.secretHint}
              lines={2}
              value={draft.secret}
              onValue={(value) => set({ secret: value })}
              {...(tried && !secret ? { error: k.secretMissing } : {})}
            />
            {(weak || draft.insist) && <Check label={k.insist} hint={k.insistHint} checked={draft.insist} onValue={(insist) => set({ insist })} />}
          </>
        )}
        {action.problem && <KeyProblem problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {importing ? k.doImport : k.doGenerate}
          </Button>
        </div>
      </form>
    </Dialog>
  );
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

export function SecretDialog({ subject, secret, onDone }: { subject: Key; secret: string; onDone: () => void }): JSX.Element {
  return (
    <FirmDialog title={k.secretTitle} done={k.secretDone} onDone={onDone}>
      <p>{k.secretOnce}</p>
      <Secret text={secret} label={k.secretLabel(subject.name)} />
      <details class="fold">
        <summary>{k.secretCode}</summary>
        <BackendCode dialect={subject.dialect} signs={subject.signs} />
      </details>
    </FirmDialog>
  );
}

const overlaps = ["168", "720", "72", "24", "0"];

export function RotateDialog({ subject, onClose, onMade }: { subject: Key; onClose: () => void; onMade: (next: Shown) => void }): JSX.Element {
  const [overlap, setOverlap] = useState("168");
  const action = useAction();
  const hours = Number(overlap);
  const ends = new Date(Date.now() + hours * 3_600_000).toISOString();
  const run = () =>
    action.run(async () => {
      const made = await api.rotateKey(subject.id, hours);
      onMade({ kind: "secret", key: made.key, secret: made.secret });
    });
  return (
    <Dialog
      title={k.rotateTitle(subject.name)}
      open
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" busy={action.busy} onClick={() => void run()}>
            {k.doRotate}
          </Button>
        </>
      }
    >
      <p>{k.rotateBody(subject.live_sessions)}</p>
      <Fingerprint subject={subject} />
      <Select label={k.overlap} value={overlap} onValue={setOverlap} options={overlaps.map((value) => ({ value, label: k.overlaps[value] ?? value }))} />
      <Notice {...(hours === 0 ? { kind: "warn" as const } : {})} icon="info">
        {hours === 0 ? k.overlapNow(subject.live_sessions) : k.overlapUntil(full(ends))}
      </Notice>
      {action.problem && <ProblemLine problem={action.problem} />}
    </Dialog>
  );
}

export function RevokeDialog({ subject, last, onClose, onDone }: { subject: Key; last: boolean; onClose: () => void; onDone: () => void }): JSX.Element {
  const [why, setWhy] = useState<"replaced" | "compromised">("replaced");
  const [since, setSince] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction();
  const wrong = why !== "compromised" ? "" : !since || Number.isNaN(Date.parse(since)) ? k.sinceMissing : Date.parse(since) > Date.now() ? k.sinceFuture : "";
  const run = () => {
    setTried(true);
    if (wrong) return;
    void action.run(async () => {
      const { sessions_ended } = await api.revokeKey(subject.id, why === "compromised" ? new Date(since).toISOString() : undefined);
      toast(`${k.revokedToast(subject.name)} ${k.sessionsEnded(sessions_ended)}`);
      onDone();
    });
  };
  return (
    <Dialog
      title={k.revokeTitle(subject.name)}
      open
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="danger" busy={action.busy} onClick={run}>
            {k.doRevoke}
          </Button>
        </>
      }
    >
      <p>{k.revokeBody(subject.live_sessions)}</p>
      <Fingerprint subject={subject} />
      {last && (
        <Notice kind="warn" icon="alert">
          {k.revokeLast}
        </Notice>
      )}
      <Choice
        legend={k.revokeWhy}
        name="why"
        value={why}
        onValue={setWhy}
        options={[
          { value: "replaced", label: k.replaced, hint: k.replacedHint },
          { value: "compromised", label: k.compromised, hint: k.compromisedHint },
        ]}
      />
      {why === "compromised" && (
        <div class="field">
          <label class="field__label" for="since">
            {k.since}
          </label>
          <input
            id="since"
            class="input"
            type="datetime-local"
            value={since}
            aria-invalid={tried && wrong ? "true" : undefined}
            aria-describedby={tried && wrong ? "since-wrong" : undefined}
            onInput={(event) => setSince(event.currentTarget.value)}
          />
          {tried && wrong && (
            <p class="field__error" id="since-wrong" role="alert">
              {wrong}
            </p>
          )}
        </div>
      )}
      {action.problem && <ProblemLine problem={action.problem} />}
    </Dialog>
  );
}
