// One's own account: second factors, the password, the browsers that are signed in.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Button, Dialog, Field, toast } from "../../shared/ui";
import * as api from "../api";
import { problemOf } from "../http";
import { browserOf } from "../browser";
import { leave, me } from "../session";
import { t } from "../text";
import type { Login } from "../types";
import { ProblemLine, useAction } from "../ui/ask";
import { Glyph } from "../ui/glyph";
import { Loaded, PageFrame, Section } from "../ui/page";
import { PasswordRules, passwordRules } from "../ui/password";
import { useResource, type Resource } from "../ui/resource";
import { When } from "../ui/when";
import { FactorsSection } from "./factors";

export function AccountPage(): JSX.Element {
  const logins = useResource(async () => (await api.logins()).logins ?? [], []);
  const who = me.value?.agent;
  return (
    <PageFrame title={t.account.title} subtitle={t.account.subtitle}>
      <Section title={t.account.who}>
        <p>
          <strong dir="auto">{who?.name}</strong> <span class="dim">{who?.email}</span>
        </p>
        <p>
          {t.roles[who?.role ?? ""]}: <span class="dim">{t.roleHints[who?.role ?? ""]}</span>
        </p>
        <details class="fold">
          <summary>{t.account.rights}</summary>
          <ul class="ticks">
            {(me.value?.rights ?? []).map((right) => (
              <li key={right}>{t.rights[right] ?? right}</li>
            ))}
          </ul>
        </details>
      </Section>
      <FactorsSection />
      <PasswordSection onChanged={() => void logins.reload()} />
      <Section title={t.account.sessions} hint={t.account.sessionsHint}>
        <Loaded resource={logins} failed={t.account.failed} lines={4}>
          {(list) => (
            <ul class="cards">
              {list.map((login) => (
                <LoginLine key={login.id} login={login} logins={logins} />
              ))}
            </ul>
          )}
        </Loaded>
      </Section>
    </PageFrame>
  );
}

function LoginLine({ login, logins }: { login: Login; logins: Resource<Login[]> }): JSX.Element {
  const what = browserOf(login.user_agent) || t.common.unknown;
  const end = async () => {
    logins.set((logins.data ?? []).filter((l) => l.id !== login.id));
    try {
      await api.endLogin(login.id);
      if (login.current) leave("signed_out");
      else toast(t.account.endedToast);
    } catch {
      toast(t.problem.title, "bad");
      void logins.reload();
    }
  };
  return (
    <li class="card card--line">
      <Glyph name="device" />
      <div class="card__main">
        <p class="card__title">
          {what}
          {login.current && <span class="chip chip--good">{t.account.current}</span>}
        </p>
        <p class="dim">
          {t.account.signedIn} <When at={login.created_at} /> · {t.account.seen} <When at={login.seen_at} /> · {t.account.ends}{" "}
          <When at={login.expires_at} as="left" />
        </p>
      </div>
      <Button aria-label={t.account.endLabel(what)} onClick={() => void end()}>
        {t.account.end}
      </Button>
    </li>
  );
}

function PasswordSection({ onChanged }: { onChanged: () => void }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <Section title={t.password.title} hint={t.password.hint} action={<Button onClick={() => setOpen(true)}>{t.password.change}</Button>}>
      {open && (
        <PasswordDialog
          onClose={() => setOpen(false)}
          onDone={() => {
            setOpen(false);
            toast(t.password.changed);
            onChanged();
          }}
        />
      )}
    </Section>
  );
}

function PasswordDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }): JSX.Element {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const [wrong, setWrong] = useState("");
  const action = useAction();
  const agent = me.value?.agent;
  const rules = passwordRules(next, again, agent?.email ?? "", agent?.name ?? "");
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    setWrong("");
    if (!current || rules.some((rule) => !rule.met) || action.busy) return;
    await action.run(async () => {
      try {
        await api.changePassword(current, next);
        onDone();
      } catch (failure) {
        const problem = problemOf(failure);
        if (problem.code !== "confirmation_refused" && problem.code !== "too_many") throw failure;
        setWrong(problem.code === "too_many" ? t.confirming.tooMany : t.password.wrong);
      }
    });
  };
  const missing = tried && !current ? t.password.currentMissing : wrong;
  return (
    <Dialog title={t.password.change} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <input class="sr-only" type="email" name="username" autocomplete="username" value={agent?.email ?? ""} readOnly tabIndex={-1} aria-hidden="true" />
        <Field
          label={t.password.current}
          type="password"
          autocomplete="current-password"
          value={current}
          onValue={setCurrent}
          {...(missing ? { error: missing } : {})}
        />
        <Field label={t.password.next} hint={t.setup.advice} type="password" autocomplete="new-password" value={next} onValue={setNext} />
        <Field label={t.password.again} type="password" autocomplete="new-password" value={again} onValue={setAgain} />
        <PasswordRules rules={rules} tried={tried} />
        {action.problem && <ProblemLine problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {t.password.change}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
