import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Button, Field, Notice } from "../../shared/ui";
import * as api from "../api";
import type { ApiError } from "../http";
import { enter, notice } from "../session";
import { t } from "../text";
import { explain, ProblemLine, useAction } from "../ui/ask";
import { Command, Door } from "./door";

export function SignInPage(): JSX.Element {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction();

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!email.trim() || !password || action.busy) return;
    const form = event.currentTarget;
    const ok = await action.run(async () => enter(await api.signIn(email.trim(), password)));
    if (!ok) (form.querySelector("input[type=password]") as HTMLInputElement | null)?.select();
  };

  return (
    <Door title={t.signIn.title} subtitle={t.signIn.subtitle}>
      {notice.value && (
        <Notice icon="info">{notice.value === "ended" ? t.signIn.ended : t.signIn.signedOut}</Notice>
      )}
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Field
          label={t.signIn.email}
          type="email"
          name="email"
          autocomplete="username"
          value={email}
          onValue={setEmail}
          {...(tried && !email.trim() ? { error: t.signIn.emailMissing } : {})}
        />
        <Field
          label={t.signIn.password}
          type="password"
          name="password"
          autocomplete="current-password"
          value={password}
          onValue={setPassword}
          {...(tried && !password ? { error: t.signIn.passwordMissing } : {})}
        />
        {action.problem && <Refused problem={action.problem} />}
        <Button kind="primary" type="submit" wide busy={action.busy}>
          {action.busy ? t.signIn.working : t.signIn.submit}
        </Button>
      </form>
      <details class="fold">
        <summary>{t.signIn.forgot}</summary>
        <p>{t.signIn.forgotHint}</p>
        <Command text="countersign owner reset" />
      </details>
    </Door>
  );
}

function Refused({ problem }: { problem: ApiError }): JSX.Element {
  const known: Record<number, string> = { 401: t.signIn.refused, 403: t.signIn.refused, 429: t.signIn.tooMany };
  const words = known[problem.status];
  if (!words) return <ProblemLine problem={problem} />;
  return (
    <Notice kind="bad" icon="alert">
      <span role="alert">{words || explain(problem)}</span>
    </Notice>
  );
}
