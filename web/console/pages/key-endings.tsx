// The dialogs of a key that lives: its name, its end, and what goes with it. Each says in
// numbers what will happen, and asks once.

import type { ComponentChildren, JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { Button, Dialog, Field, Notice, Skeleton, toast } from "../../shared/ui";
import * as api from "../api";
import { t } from "../text";
import { full, isTime } from "../time";
import type { Key } from "../types";
import { ProblemLine, useAction } from "../ui/ask";
import { Choice } from "../ui/forms";
import { useResource } from "../ui/resource";
import { Fingerprint } from "./key-dialogs";
import { ImpactLine } from "./key-uses";

const k = t.keys;

interface OfKey {
  subject: Key;
  onClose: () => void;
  onDone: () => void;
}

/** A form in a dialog: what it says, what it asks for, and one button that does it. */
function FormDialog({ title, action, doing, danger, submit, onClose, children }: {
  title: string;
  action: string;
  doing: ReturnType<typeof useAction>;
  danger?: boolean;
  submit: () => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  const send = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    void doing.run(submit);
  };
  return (
    <Dialog title={title} open onClose={onClose}>
      <form class="stack" onSubmit={send} noValidate autocomplete="off">
        {children}
        {doing.problem && <ProblemLine problem={doing.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind={danger ? "danger" : "primary"} type="submit" busy={doing.busy}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** A time in the agent's own zone. */
function TimeField({ label, hint, value, error, onValue }: { label: string; hint?: string; value: string; error: string; onValue: (value: string) => void }): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label class="field__label" for={id}>
        {label}
      </label>
      <input
        id={id}
        class="input"
        type="datetime-local"
        value={value}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={[hint && `${id}h`, error && `${id}e`].filter(Boolean).join(" ") || undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {hint && (
        <p class="field__hint" id={`${id}h`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="field__error" id={`${id}e`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

/** A moment as the browser's own field for it writes it. */
function local(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

const iso = (text: string) => new Date(text).toISOString();

function Impact({ subject }: { subject: Key }): JSX.Element {
  const impact = useResource(() => api.keyImpact(subject.id), [subject.id]);
  if (impact.data) return <ImpactLine impact={impact.data} />;
  if (impact.problem) return <ImpactLine impact={{ live_sessions: subject.live_sessions, origins: null }} />;
  return <Skeleton lines={1} height={20} />;
}

const settling = 400; // of a time that is being typed

/** A value once it has rested: each question that it leads to is work for the server. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settling);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** What calling a key compromised takes apart, counted before it is done. */
function Forecast({ subject, since }: { subject: Key; since: string }): JSX.Element {
  const at = useSettled(since);
  const impact = useResource(() => api.keyImpact(subject.id, at), [subject.id, at]);
  if (at !== since || (!impact.data && !impact.problem)) return <Skeleton lines={2} height={20} />;
  const cut = impact.data?.cut;
  return (
    <Notice kind="warn" icon="alert">
      <span role="status">
        {cut && impact.data ? <strong>{k.foretold(cut, impact.data.live_sessions, (impact.data.origins ?? []).filter((one) => one.origin).length)}</strong> : k.foretoldFailed}{" "}
        {cut && k.foretoldHint}
      </span>
    </Notice>
  );
}

export function RenameDialog({ subject, onClose, onDone }: OfKey): JSX.Element {
  const [name, setName] = useState(subject.name);
  const [tried, setTried] = useState(false);
  const doing = useAction();
  const submit = async () => {
    setTried(true);
    if (!name.trim()) return;
    await api.renameKey(subject.id, name.trim());
    toast(k.renamedToast(name.trim()));
    onDone();
  };
  return (
    <FormDialog title={k.renameTitle(subject.name)} action={k.doRename} doing={doing} submit={submit} onClose={onClose}>
      <Field label={k.name} hint={k.nameHint} value={name} maxLength={80} onValue={setName} {...(tried && !name.trim() ? { error: k.nameMissing } : {})} />
    </FormDialog>
  );
}

export function ExtendDialog({ subject, onClose, onDone }: OfKey): JSX.Element {
  const [at, setAt] = useState(isTime(subject.ends_at) ? local(new Date(subject.ends_at)) : "");
  const [tried, setTried] = useState(false);
  const doing = useAction();
  const wrong = !at || !(Date.parse(at) > Date.now()) ? k.extendPast : "";
  const submit = async () => {
    setTried(true);
    if (wrong) return;
    await api.extendKey(subject.id, iso(at));
    toast(k.extendedToast(full(iso(at))));
    onDone();
  };
  return (
    <FormDialog title={k.extendTitle(subject.name)} action={k.doExtend} doing={doing} submit={submit} onClose={onClose}>
      <p>{k.extendBody}</p>
      <TimeField label={k.extendTo} value={at} onValue={setAt} error={tried ? wrong : ""} />
    </FormDialog>
  );
}

export function SignByDialog({ subject, onClose, onDone }: OfKey): JSX.Element {
  const [at, setAt] = useState(local(new Date()));
  const [tried, setTried] = useState(false);
  const doing = useAction();
  const late = isTime(subject.ends_at) && Date.parse(at) > Date.parse(subject.ends_at);
  const wrong = !at ? k.sinceMissing : late ? k.signByLate : "";
  const submit = async () => {
    setTried(true);
    if (wrong) return;
    await api.signKeyBy(subject.id, iso(at));
    toast(k.signByToast);
    onDone();
  };
  return (
    <FormDialog title={k.signByTitle(subject.name)} action={k.doSignBy} doing={doing} submit={submit} onClose={onClose}>
      <p>{k.signByBody}</p>
      <TimeField label={k.signByAt} value={at} onValue={setAt} error={tried ? wrong : ""} />
    </FormDialog>
  );
}

export function FinishDialog({ subject, onClose, onDone }: OfKey): JSX.Element {
  const doing = useAction();
  const submit = async () => {
    const { sessions_ended } = await api.finishKey(subject.id);
    toast(`${k.finishedToast(subject.name)} ${k.sessionsEnded(sessions_ended)}`);
    onDone();
  };
  return (
    <FormDialog title={k.finishTitle(subject.name)} action={k.doFinish} danger doing={doing} submit={submit} onClose={onClose}>
      <Impact subject={subject} />
      <p>{k.finishBody}</p>
      <Fingerprint subject={subject} />
    </FormDialog>
  );
}

export function RevokeDialog({ subject, last, onClose, onDone }: OfKey & { last: boolean }): JSX.Element {
  const again = subject.state === "revoked"; // it was called replaced, or not for long enough
  const [why, setWhy] = useState<"replaced" | "compromised">(again ? "compromised" : "replaced");
  const [since, setSince] = useState("");
  const [tried, setTried] = useState(false);
  const doing = useAction();
  const wrong = why !== "compromised" ? "" : !since || Number.isNaN(Date.parse(since)) ? k.sinceMissing : Date.parse(since) > Date.now() ? k.sinceFuture : "";
  const submit = async () => {
    setTried(true);
    if (wrong) return;
    const { sessions_ended, cut } = await api.revokeKey(subject.id, why === "compromised" ? iso(since) : undefined);
    const found = cut ? cut.links + cut.claims + cut.attributes + cut.conversations : 0;
    toast([k.revokedToast(subject.name), k.sessionsEnded(sessions_ended), found > 0 ? k.cutToast(found) : ""].filter(Boolean).join(" "));
    onDone();
  };
  return (
    <FormDialog
      title={again ? k.compromiseTitle(subject.name) : k.revokeTitle(subject.name)}
      action={again ? k.doCompromise : k.doRevoke}
      danger
      doing={doing}
      submit={submit}
      onClose={onClose}
    >
      {!again && (
        <>
          {(why === "replaced" || wrong) && <Impact subject={subject} />}
          <p>{k.revokeBody}</p>
        </>
      )}
      <Fingerprint subject={subject} />
      {last && (
        <Notice kind="warn" icon="alert">
          {k.revokeLast}
        </Notice>
      )}
      {again ? (
        <p>{k.compromisedHint}</p>
      ) : (
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
      )}
      {why === "compromised" && <TimeField label={k.since} hint={k.sinceHint} value={since} onValue={setSince} error={tried ? wrong : ""} />}
      {why === "compromised" && !wrong && <Forecast subject={subject} since={iso(since)} />}
    </FormDialog>
  );
}
