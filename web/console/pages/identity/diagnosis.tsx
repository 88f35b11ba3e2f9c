// Why does this hash fail? Paste it, and be told the mistake with the corrected code.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Dialog, Field, Icon, Notice } from "../../../shared/ui";
import * as api from "../../api";
import { inquiry, type Diagnosis, type Inquiry } from "../../diagnosis";
import { dialectName, dialectOf } from "../../dialects";
import { may } from "../../session";
import { t } from "../../text";
import type { Key, Platform } from "../../types";
import { FirmDialog, ProblemLine, useAction } from "../../ui/ask";
import { confirmed } from "../../ui/confirm";
import { Secret } from "../../ui/copy";
import { Select } from "../../ui/forms";
import { Section } from "../../ui/page";
import { BackendCode } from "../../ui/snippets";
import { verifies } from "../keys";
import type { TabProps } from "./tabs";

const d = t.diagnosis;
const PLATFORMS: Platform[] = ["web", "ios", "android"];

interface Asked {
  of: Inquiry;
  answer: Diagnosis;
}

export function DiagnosisTab({ channel, keys }: TabProps): JSX.Element {
  const [userId, setUserId] = useState("");
  const [email, setEmail] = useState("");
  const [proof, setProof] = useState("");
  const [dialect, setDialect] = useState("");
  const platforms = PLATFORMS.filter((name) => channel.enforcement?.[name]);
  const [platform, setPlatform] = useState<Platform | "">(platforms[0] ?? "");
  const [asked, setAsked] = useState<Asked | null>(null);
  const [tried, setTried] = useState(false);
  const action = useAction();
  const live = (keys.data ?? []).filter(verifies);
  const dialects = [...new Set(live.map((key) => key.dialect))];
  const of = inquiry(proof, userId, email, dialect, platform);
  const nobody = !of.token && !userId && !email;
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (nobody || !proof) return;
    void action.run(async () => setAsked({ of, answer: await api.diagnose(channel.id, of) }));
  };
  const again = <T,>(set: (value: T) => void) => (value: T) => {
    setAsked(null);
    set(value);
  };
  return (
    <>
      <Section title={d.title} hint={d.hint}>
        <form class="stack" onSubmit={submit} noValidate>
          <div class="form-pair">
            <Field label={d.userId} value={userId} onValue={again(setUserId)} autocomplete="off" {...(tried && nobody ? { error: d.nobody } : {})} />
            <Field label={d.email} value={email} onValue={again(setEmail)} autocomplete="off" />
          </div>
          <p class="field__hint">{d.identifierHint}</p>
          <Field label={d.proof} value={proof} onValue={again(setProof)} lines={4} hint={d.proofHint} autocomplete="off" {...(tried && !proof ? { error: d.nothing } : {})} />
          {dialects.length > 1 && (
            <Select
              label={d.key}
              value={dialect}
              onValue={again(setDialect)}
              options={[{ value: "", label: d.automatic }, ...dialects.map((id) => ({ value: id, label: dialectName(id) }))]}
            />
          )}
          {platforms.length > 1 && (
            <Select label={d.platform} value={platform} onValue={again(setPlatform)} options={platforms.map((name) => ({ value: name, label: t.platforms[name] ?? name }))} />
          )}
          {action.problem && <ProblemLine problem={action.problem} />}
          <div>
            <Button kind="primary" type="submit" busy={action.busy}>
              {d.submit}
            </Button>
          </div>
          <p class="dim">{d.keeps}</p>
        </form>
      </Section>
      {asked ? <Finding asked={asked} channel={channel.id} live={live} /> : <Finds />}
    </>
  );
}

/** The empty state teaches what may come. */
function Finds(): JSX.Element {
  return (
    <Section title={d.finds}>
      <ul class="bullets">
        {d.findsList.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </Section>
  );
}

function Finding({ asked, channel, live }: { asked: Asked; channel: string; live: Key[] }): JSX.Element {
  const { answer, of } = asked;
  const causes = answer.causes ?? [];
  const key = live.find((one) => one.dialect === answer.dialect && one.signs === answer.signs) ?? live.find((one) => one.dialect === answer.dialect);
  const head = useRef<HTMLDivElement>(null);
  useEffect(() => head.current?.scrollIntoView({ block: "nearest" }), [asked]);
  if (answer.verified)
    return (
      <div ref={head} role="status">
        <Notice kind="good" icon="verified">
          <strong>{d.verified(Object.values(answer.identifiers ?? {}).join(", "))}</strong> {d.verifiedHint}
        </Notice>
      </div>
    );
  return (
    <>
      <div ref={head} class="causes" role="status">
        <h2 class="section__title">{d.refused(causes.length)}</h2>
        {causes.map((cause) => (
          <article key={cause.code} class="cause">
            <h3 class="cause__title">
              <Icon name="alert" />
              {d.cause(cause.code)}
              <code class="dim">{cause.code}</code>
            </h3>
            <p dir="auto">{cause.explain}</p>
            <p dir="auto">
              <strong>{d.fix}.</strong> {cause.fix}
            </p>
          </article>
        ))}
      </div>
      <Section title={d.code}>
        <BackendCode channel={channel} keyId={key?.id ?? ""} />
      </Section>
      {key && dialectOf(key.dialect).proof === "hash" && <Expected channel={channel} subject={key} of={of} />}
    </>
  );
}

/** The hash that would have been right: for whoever may pass as the customer anyway, and on the record. */
function Expected({ channel, subject, of }: { channel: string; subject: Key; of: Inquiry }): JSX.Element {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [hash, setHash] = useState("");
  const action = useAction();
  const who = (subject.signs === "email" ? of.email : of.user_id) || of.email || of.user_id || "";
  if (!may("keys.reveal")) return <p class="dim">{d.expectedNot}</p>;
  const close = () => {
    setOpen(false);
    action.clear();
  };
  const show = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!reason.trim()) return;
    const wish = { key: subject.id, reason, ...(of.user_id ? { user_id: of.user_id } : {}), ...(of.email ? { email: of.email } : {}) };
    void action.run(async () => {
      const made = await confirmed(() => api.expectedHash(channel, wish));
      setOpen(false);
      setHash(made.hash);
    });
  };
  return (
    <>
      <div>
        <Button onClick={() => setOpen(true)}>{d.expected}…</Button>
      </div>
      <Dialog title={d.expected} open={open} onClose={close}>
        <form class="stack" onSubmit={show} noValidate>
          <p>{d.expectedWhy}</p>
          <Field label={d.reason} value={reason} onValue={setReason} hint={d.reasonHint} maxLength={200} autocomplete="off" {...(tried && !reason.trim() ? { error: d.reasonMissing } : {})} />
          {action.problem && <ProblemLine problem={action.problem} />}
          <div class="dialog__foot">
            <Button onClick={close}>{t.common.cancel}</Button>
            <Button kind="primary" type="submit" busy={action.busy}>
              {d.show}
            </Button>
          </div>
        </form>
      </Dialog>
      {hash && (
        <FirmDialog title={d.shownTitle} done={d.done} onDone={() => setHash("")}>
          <p>{d.shownOnce(who)}</p>
          <Secret text={hash} label={d.shownLabel} />
        </FirmDialog>
      )}
    </>
  );
}
