// The page behind a one-use link. The token stands after the #, so that it never
// reaches a log; it is taken out of the address as soon as it was used.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Button, Failure, Field, Notice, Skeleton } from "../../shared/ui";
import * as api from "../api";
import { BASE, href, place } from "../router";
import { enter } from "../session";
import { t } from "../text";
import type { LinkFacts } from "../types";
import { ProblemLine, useAction } from "../ui/ask";
import { PasswordRules, passwordRules } from "../ui/password";
import { useResource } from "../ui/resource";
import { Command, Door } from "./door";

export function SetupPage(): JSX.Element {
  const [token] = useState(() => location.hash.slice(1));
  const link = useResource(() => (token ? api.checkLink(token) : Promise.reject(new Error("no token"))), [token]);
  if (!token) return <Dead words={t.setup.noToken} />;
  if (link.data) return <Form token={token} facts={link.data} />;
  if (!link.problem)
    return (
      <Door title={t.setup.title} subtitle={t.setup.checking}>
        <Skeleton lines={4} height={36} />
      </Door>
    );
  const refused = link.problem.status >= 400 && link.problem.status < 500 && link.problem.status !== 429;
  if (refused) return <Dead words={t.setup.deadBody} />;
  return (
    <Door title={t.setup.title}>
      <Failure title={t.setup.failed} error={link.problem} retry={() => void link.reload()} />
    </Door>
  );
}

function Dead({ words }: { words: string }): JSX.Element {
  return (
    <Door title={t.setup.deadTitle}>
      <p>{words}</p>
      <p>{t.setup.deadOwner}</p>
      <Command text="countersign owner reset" />
      <p class="dim">{t.setup.deadAgent}</p>
      <a class="button button--plain button--wide" href={`${BASE}/`} onClick={leaveSetup}>
        {t.setup.toSignIn}
      </a>
    </Door>
  );
}

/** The app asked nobody who is here while this page stood: begin anew on the way out. */
function leaveSetup(event: MouseEvent): void {
  event.preventDefault();
  location.assign(`${BASE}/`);
}

function Form({ token, facts }: { token: string; facts: LinkFacts }): JSX.Element {
  const [name, setName] = useState(facts.name ?? "");
  const [chosen, setChosen] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction();
  const email = facts.choose_email ? chosen.trim() : facts.email;
  const wrong = !/^[^\s@]+@[^\s@]+$/.test(email);
  const rules = passwordRules(password, again, email, name);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (wrong || !name.trim() || rules.some((rule) => !rule.met) || action.busy) return;
    await action.run(async () => {
      const who = await api.useLink(token, name.trim(), password, facts.choose_email ? email : undefined);
      // The shell goes on to the first page that the role shows.
      history.replaceState(null, "", href("/"));
      place.value = { path: "/", segments: [], query: new URLSearchParams() };
      enter(who);
    });
  };

  return (
    <Door title={t.setup.title} subtitle={t.setup.welcome(facts.workspace, (t.roles[facts.role] ?? facts.role).toLowerCase())}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        {facts.choose_email ? (
          <Field
            label={t.setup.email}
            hint={t.setup.emailHint}
            type="email"
            name="username"
            autocomplete="username"
            value={chosen}
            onValue={setChosen}
            {...(tried && wrong ? { error: t.setup.emailWrong } : {})}
          />
        ) : (
          <>
            <p class="door__who">
              <span class="dim">{t.signIn.email}</span>
              <strong dir="auto">{facts.email}</strong>
            </p>
            <input class="sr-only" type="email" name="username" autocomplete="username" value={facts.email} readOnly tabIndex={-1} aria-hidden="true" />
          </>
        )}
        <Field
          label={t.setup.name}
          hint={t.setup.nameHint}
          autocomplete="name"
          maxLength={80}
          value={name}
          onValue={setName}
          {...(tried && !name.trim() ? { error: t.setup.nameMissing } : {})}
        />
        <Field label={t.setup.password} hint={t.setup.advice} type="password" autocomplete="new-password" value={password} onValue={setPassword} />
        <Field label={t.setup.again} type="password" autocomplete="new-password" value={again} onValue={setAgain} />
        <PasswordRules rules={rules} tried={tried} />
        {action.problem &&
          (action.problem.status === 403 || action.problem.status === 404 || action.problem.status === 401 ? (
            <Notice kind="bad" icon="alert">
              <span role="alert">{t.setup.deadBody}</span>
            </Notice>
          ) : (
            <ProblemLine problem={action.problem} />
          ))}
        <Button kind="primary" type="submit" wide busy={action.busy}>
          {action.busy ? t.setup.working : t.setup.submit}
        </Button>
      </form>
    </Door>
  );
}
