// What would let its holder pass as a customer asks for the password once more. A
// page says confirmed(() => call); whether the server asks, and how it is answered, is
// settled here.

import { signal } from "@preact/signals";
import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Dialog, Field } from "../../shared/ui";
import * as api from "../api";
import { ApiError, problemOf } from "../http";
import { NoPasskey, passkeysHere, usePasskey } from "../passkey";
import { myId } from "../session";
import { t } from "../text";
import { explain } from "./ask";

interface Question {
  agent: string;
  answer: (given: boolean) => void;
}

const asked = signal<Question | null>(null);
let asking: Promise<boolean> | null = null;

/** One dialog, however many calls wait for it. */
function present(): Promise<boolean> {
  asking ??= new Promise<boolean>((answer) => {
    asked.value = { agent: myId(), answer };
  }).finally(() => {
    asked.value = null;
    asking = null;
  });
  return asking;
}

const wanting = (failure: unknown) => problemOf(failure).code === "confirmation_required";

// Another node hears of the confirmation within a second.
const patience = [0, 300, 700, 1000];

/** Run a call; if the server asks who is there, ask the person and run it again. If they do not say, it rejects with the
 * code "cancelled", which useAction and ask() pass over in silence. */
export async function confirmed<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (failure) {
    if (!wanting(failure)) throw failure;
  }
  if (!(await present())) throw new ApiError({ code: "cancelled" });
  let last: unknown;
  for (const wait of patience) {
    if (wait > 0) await new Promise((go) => setTimeout(go, wait));
    try {
      return await run();
    } catch (failure) {
      if (!wanting(failure)) throw failure;
      last = failure;
    }
  }
  throw last;
}

/** Stands once in the console. */
export function Confirming(): JSX.Element {
  const question = asked.value;
  const me = myId();
  // Signed out, or somebody else by now: the question was not theirs.
  useEffect(() => {
    if (question && question.agent !== me) question.answer(false);
  }, [question, me]);
  return (
    <Dialog title={t.confirming.title} open={question !== null} onClose={() => question?.answer(false)}>
      {question && <Form onGiven={() => question.answer(true)} onCancel={() => question.answer(false)} />}
    </Dialog>
  );
}

function Form({ onGiven, onCancel }: { onGiven: () => void; onCancel: () => void }): JSX.Element {
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const [passkey, setPasskey] = useState(false);
  useEffect(() => {
    if (passkeysHere()) void api.factors().then((have) => setPasskey((have.passkeys ?? []).some((key) => key.site === location.hostname)), () => undefined);
  }, []);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    if (!password) return setWrong(t.confirming.missing);
    setBusy(true);
    setWrong("");
    try {
      await api.confirm(password);
      onGiven();
    } catch (failure) {
      const problem = problemOf(failure);
      setWrong(problem.code === "too_many" ? t.confirming.tooMany : explain(problem));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  const byPasskey = async () => {
    if (busy) return;
    setBusy(true);
    setWrong("");
    try {
      const challenge = await api.beginConfirm();
      await api.confirmByPasskey(challenge.step, await usePasskey(challenge));
      onGiven();
    } catch (failure) {
      if (failure instanceof NoPasskey) setWrong(t.second.noPasskey);
      else if (problemOf(failure).code === "not_found") setPasskey(false);
      else setWrong(explain(problemOf(failure)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
      <p class="section__hint">{t.confirming.body}</p>
      <Field
        label={t.confirming.password}
        type="password"
        name="password"
        autocomplete="current-password"
        value={password}
        onValue={setPassword}
        {...(wrong ? { error: wrong } : {})}
      />
      {passkey && (
        <Button kind="quiet" onClick={() => void byPasskey()}>
          {t.confirming.passkey}
        </Button>
      )}
      <div class="dialog__foot">
        <Button onClick={onCancel}>{t.common.cancel}</Button>
        <Button kind="primary" type="submit" busy={busy}>
          {t.confirming.submit}
        </Button>
      </div>
    </form>
  );
}
