// The way in: a password and what goes with it, or a passkey, which is both.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Button, Field, Notice } from "../../shared/ui";
import * as api from "../api";
import type { ApiError } from "../http";
import { NoPasskey, passkeysHere, usePasskey } from "../passkey";
import { enter, notice } from "../session";
import { t } from "../text";
import type { Second } from "../types";
import { ProblemLine, useAction } from "../ui/ask";
import { Command, Door } from "./door";

export function SignInPage(): JSX.Element {
  const [second, setSecond] = useState<Second | null>(null);
  const [late, setLate] = useState(false);
  if (second)
    return (
      <SecondStep
        second={second}
        onBack={(ended) => {
          setLate(ended);
          setSecond(null);
        }}
      />
    );
  return <FirstStep late={late} onSecond={setSecond} />;
}

function FirstStep({ late, onSecond }: { late: boolean; onSecond: (second: Second) => void }): JSX.Element {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction();
  const passkey = usePasskeyAction();

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!email.trim() || !password || action.busy) return;
    const form = event.currentTarget;
    passkey.clear();
    const ok = await action.run(async () => {
      const { me, second } = await api.signIn(email.trim(), password);
      if (second) onSecond(second);
      else if (me) enter(me);
    });
    if (!ok) (form.querySelector("input[type=password]") as HTMLInputElement | null)?.select();
  };
  const alone = () => {
    action.clear();
    void passkey.run(async () => {
      const challenge = await api.beginPasskeySignIn();
      enter(await api.passkeySignIn(challenge.step, await usePasskey(challenge)));
    });
  };

  return (
    <Door title={t.signIn.title} subtitle={t.signIn.subtitle}>
      {late ? (
        <Notice icon="info">{t.second.ended}</Notice>
      ) : (
        notice.value && <Notice icon="info">{notice.value === "ended" ? t.signIn.ended : t.signIn.signedOut}</Notice>
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
        {action.problem && <Refused problem={action.problem} words={{ 401: t.signIn.refused, 403: t.signIn.refused, 429: t.signIn.tooMany }} />}
        <Button kind="primary" type="submit" wide busy={action.busy}>
          {action.busy ? t.signIn.working : t.signIn.submit}
        </Button>
      </form>
      {passkeysHere() && (
        <div class="stack">
          <p class="door__or">{t.second.or}</p>
          <Button wide busy={passkey.busy} onClick={alone}>
            {t.second.passkeyAlone}
          </Button>
          <PasskeyProblem action={passkey} />
        </div>
      )}
      <details class="fold">
        <summary>{t.signIn.forgot}</summary>
        <p>{t.signIn.forgotHint}</p>
        <Command text="countersign owner reset" />
      </details>
    </Door>
  );
}

function SecondStep({ second, onBack }: { second: Second; onBack: (ended: boolean) => void }): JSX.Element {
  const [recovery, setRecovery] = useState(!second.app);
  const [code, setCode] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction();
  const passkey = usePasskeyAction();
  const canPasskey = second.passkey && passkeysHere();

  const step = async (run: () => Promise<void>) => {
    try {
      await run();
    } catch (failure) {
      if ((failure as ApiError).code === "step_ended") onBack(true);
      else throw failure;
    }
  };
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!code.trim() || action.busy) return;
    const form = event.currentTarget;
    passkey.clear();
    const ok = await action.run(() => step(async () => enter(await api.signInByCode(second.step, code.trim()))));
    if (!ok) form.querySelector("input")?.select();
  };
  const touch = () => {
    const challenge = second.passkey;
    if (!challenge) return;
    action.clear();
    void passkey.run(() => step(async () => enter(await api.signInSecond(second.step, await usePasskey(challenge)))));
  };
  const other = () => {
    setRecovery(!recovery);
    setCode("");
    setTried(false);
    action.clear();
  };

  return (
    <Door title={t.second.title} subtitle={t.second.subtitle}>
      {canPasskey && (
        <div class="stack">
          <Button kind="primary" wide busy={passkey.busy} onClick={touch}>
            {t.second.passkey}
          </Button>
          <PasskeyProblem action={passkey} />
          <p class="door__or">{t.second.or}</p>
        </div>
      )}
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Field
          key={recovery ? "recovery" : "code"}
          label={recovery ? t.second.recovery : t.second.code}
          hint={recovery ? t.second.recoveryHint : t.second.codeHint}
          name={recovery ? "recovery" : "code"}
          autocomplete={recovery ? "off" : "one-time-code"}
          maxLength={40}
          value={code}
          onValue={setCode}
          {...(tried && !code.trim() ? { error: t.second.missing } : {})}
        />
        {action.problem && <Refused problem={action.problem} words={{ 401: t.second.wrong, 429: t.second.tooMany }} />}
        <Button kind={canPasskey ? "plain" : "primary"} type="submit" wide busy={action.busy}>
          {t.second.submit}
        </Button>
      </form>
      <div class="door__more">
        {second.app && (
          <Button kind="quiet" onClick={other}>
            {recovery ? t.second.toCode : t.second.toRecovery}
          </Button>
        )}
        <Button kind="quiet" onClick={() => onBack(false)}>
          {t.second.back}
        </Button>
      </div>
      {recovery && (
        <details class="fold">
          <summary>{t.second.lostTitle}</summary>
          <p>{t.second.lost}</p>
          <Command text="countersign owner reset" />
        </details>
      )}
    </Door>
  );
}

type PasskeyAction = ReturnType<typeof usePasskeyAction>;

/** An action that may end because nothing came from the device. */
function usePasskeyAction(): ReturnType<typeof useAction> & { nothing: boolean } {
  const action = useAction();
  const [nothing, setNothing] = useState(false);
  const run = (work: () => Promise<unknown>) => {
    setNothing(false);
    return action.run(async () => {
      try {
        await work();
      } catch (failure) {
        if (!(failure instanceof NoPasskey)) throw failure;
        setNothing(true);
      }
    });
  };
  const clear = () => {
    setNothing(false);
    action.clear();
  };
  return { ...action, run, clear, nothing };
}

function PasskeyProblem({ action }: { action: PasskeyAction }): JSX.Element | null {
  if (action.nothing)
    return (
      <Notice icon="info">
        <span role="status">{t.second.noPasskey}</span>
      </Notice>
    );
  return action.problem && <Refused problem={action.problem} words={{ 401: t.second.wrongPasskey, 403: t.second.ended }} />;
}

function Refused({ problem, words }: { problem: ApiError; words: Record<number, string> }): JSX.Element {
  const known = words[problem.status];
  if (!known) return <ProblemLine problem={problem} />;
  return (
    <Notice kind="bad" icon="alert">
      <span role="alert">{known}</span>
    </Notice>
  );
}
