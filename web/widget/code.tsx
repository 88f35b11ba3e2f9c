// The step that proves an address: a mail with a code goes there, and who types the code has read it. Fetched when a
// visitor asks for it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "../shared/api";
import { sharedText } from "../shared/text";
import { Button, IconButton } from "../shared/ui/button";
import { Field } from "../shared/ui/field";
import { Icon } from "../shared/ui/icons";
import { Notice } from "../shared/ui/state";
import css from "./code.css?text";
import { Head } from "./head";
import type { Model } from "./model";
import { text } from "./text";
import { codeText as t } from "./text/code.en";

interface Asked {
  ask_again_seconds: number;
  attempt?: string;
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

export function CodeStep({ model }: { model: Model }): JSX.Element {
  const email = useSignal(model.email);
  const code = useSignal("");
  const sent = useSignal(false);
  const again = useSignal(0); // seconds until another one may be asked for
  const busy = useSignal<"" | "send" | "confirm">("");
  const error = useSignal("");
  const said = useSignal(""); // to a screen reader
  const attempt = useSignal("");
  const form = useRef<HTMLFormElement>(null);
  const { core } = model;

  useEffect(() => form.current?.querySelector<HTMLInputElement>("input")?.focus({ preventScroll: true }), [sent.value]);
  useEffect(() => {
    const tick = setInterval(() => again.value > 0 && (again.value -= 1), 1000);
    return () => clearInterval(tick);
  }, []);

  const run = async (what: "send" | "confirm", work: () => Promise<void>) => {
    if (busy.value) return;
    busy.value = what;
    error.value = said.value = "";
    await work().catch((e: unknown) => {
      error.value = sentence(e);
      form.current?.querySelector<HTMLInputElement>("input")?.focus({ preventScroll: true });
    });
    busy.value = "";
  };

  // A visitor whom the channel lets in only with a proof has no session that could ask: an attempt takes its place.
  const bare = () => core.state.phase === "refused";
  const channel = core.state.channel?.channel ?? "";

  const send = () =>
    run("send", async () => {
      if (!/^[^\s@]+@[^\s@]+$/.test(email.value.trim())) throw new ApiError({ code: "request_invalid" });
      email.value = email.value.trim();
      if (!bare()) await core.begin();
      const asked = bare()
        ? await core.call<Asked>("POST", "/email-code", { channel, email: email.value, ...(attempt.value && { attempt: attempt.value }) })
        : await core.call<Asked>("POST", "/sessions/current/email-code", { email: email.value });
      attempt.value = asked.attempt ?? "";
      again.value = asked.ask_again_seconds;
      code.value = "";
      if (sent.value) said.value = t.sentAgain;
      sent.value = true;
    });

  const confirm = () =>
    run("confirm", async () => {
      if (code.value.length !== 6) throw new ApiError({ code: "code_short" });
      if (bare()) await core.prove("/email-code/confirm", { channel, attempt: attempt.value, code: code.value });
      else await core.prove("/sessions/current/email-code/confirm", { code: code.value });
      model.step.value = undefined;
      model.heard.value = t.done(core.state.session?.email ?? email.value);
      requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-start]")?.focus({ preventScroll: true }));
    });

  const back = () => {
    sent.value = false;
    error.value = said.value = "";
  };

  return (
    <>
      <Head model={model}>
        <IconButton icon="back" label={text().back} onClick={() => (model.step.value = undefined)} />
        <h1 class="head__title">{t.title}</h1>
      </Head>
      <form
        ref={form}
        class="scroll pad prove"
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          void (sent.value ? confirm() : send());
        }}
      >
        {sent.value ? (
          <>
            <p class="prove__text">
              {t.sentTo} <b dir="ltr">{email.value}</b>
            </p>
            <CodeField value={code.value} error={error.value} onValue={(v) => (code.value = v)} />
            <Button kind="primary" type="submit" wide busy={busy.value === "confirm"}>
              {t.confirm}
            </Button>
            <p class="prove__more">
              <Button kind="quiet" busy={busy.value === "send"} disabled={again.value > 0} onClick={() => void send()}>
                {again.value > 0 ? t.againIn(again.value) : t.again}
              </Button>
              <Button kind="quiet" onClick={back}>
                {t.other}
              </Button>
            </p>
            {said.value && <Notice kind="good">{said.value}</Notice>}
            <p class="prove__text">{t.spam}</p>
          </>
        ) : (
          <>
            <p class="prove__text">{t.why(model.teamName())}</p>
            <Field label={t.email} type="email" name="email" autocomplete="email" value={email.value} hint={t.emailHint} error={error.value} onValue={(v) => (email.value = v)} />
            <Button kind="primary" type="submit" wide busy={busy.value === "send"}>
              {t.send}
            </Button>
          </>
        )}
        <p class="sr-only" role="status" aria-live="polite">
          {said.value}
        </p>
      </form>
    </>
  );
}

// CodeField takes what is typed, pasted or filled in by the device: the digits of it count.
function CodeField({ value, error, onValue }: { value: string; error: string; onValue: (v: string) => void }): JSX.Element {
  return (
    <div class="field">
      <label class="field__label" for="code">
        {t.code}
      </label>
      <input
        id="code"
        class="input prove__code"
        type="text"
        inputMode="numeric"
        autocomplete="one-time-code"
        dir="ltr"
        spellcheck={false}
        value={value}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={error ? "code-hint code-error" : "code-hint"}
        onInput={(e) => {
          const digits = e.currentTarget.value.replace(/\D/g, "").slice(0, 6);
          e.currentTarget.value = digits;
          onValue(digits);
        }}
      />
      <p class="field__hint" id="code-hint">
        {t.codeHint}
      </p>
      {error && (
        <p class="field__error" id="code-error" role="alert">
          <Icon name="alert" />
          {error}
        </p>
      )}
    </div>
  );
}

function sentence(e: unknown): string {
  const code = (e as Partial<ApiError>).code ?? "internal"; // the core's ApiError is of another bundle: no instanceof
  const own: Record<string, string> = {
    request_invalid: t.emailWrong,
    code_short: t.codeShort,
    code_refused: t.refused,
    too_many: t.tooMany,
    codes_not_taken: t.notTaken,
  };
  return own[code] ?? sharedText().problem(code);
}
