// One's own second factors: passkeys, an authenticator app, recovery codes.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Button, Dialog, Field, Notice, toast } from "../../shared/ui";
import * as api from "../api";
import { problemOf } from "../http";
import { makePasskey, NoPasskey, passkeysHere } from "../passkey";
import { renewMe } from "../session";
import { isTime } from "../time";
import { t } from "../text";
import type { Factors, NewApp, Passkey } from "../types";
import { ask, FirmDialog, ProblemLine, useAction } from "../ui/ask";
import { confirmed } from "../ui/confirm";
import { CopyButton } from "../ui/copy";
import { Glyph } from "../ui/glyph";
import { Loaded, Section } from "../ui/page";
import { useResource, type Resource } from "../ui/resource";
import { When } from "../ui/when";

const f = t.factors;

export function FactorsSection(): JSX.Element {
  const factors = useResource(() => api.factors(), []);
  const [codes, setCodes] = useState<string[] | null>(null);
  const changed = (recovery?: string[]) => {
    if (recovery?.length) setCodes(recovery);
    void factors.reload();
    void renewMe((now) => !now.lacks_second_factor);
  };
  return (
    <>
      <Section id="second-factor" title={f.title} hint={f.hint}>
        <Loaded resource={factors} failed={f.failed} lines={4}>
          {(have) => (
            <>
              {!isTime(have.app_since) && (have.passkeys?.length ?? 0) === 0 && (
                <Notice kind={have.required ? "warn" : undefined} icon={have.required ? "alert" : "info"}>
                  <strong>{f.none}. </strong>
                  {have.required ? f.required : f.noneHint}
                </Notice>
              )}
              <Passkeys have={have} onChange={changed} />
              <App have={have} onChange={changed} />
              <Recovery have={have} onCodes={setCodes} factors={factors} />
            </>
          )}
        </Loaded>
      </Section>
      {codes && (
        <FirmDialog title={f.codesTitle} done={f.codesDone} onDone={() => setCodes(null)}>
          <p>{f.codesBody}</p>
          <ol class="codes" aria-label={f.codesLabel}>
            {codes.map((code) => (
              <li key={code}>
                <code dir="ltr">{code}</code>
              </li>
            ))}
          </ol>
          <CopyButton kind="primary" text={codes.join("\n")} />
        </FirmDialog>
      )}
    </>
  );
}

interface PartProps {
  have: Factors;
  onChange: (recovery?: string[]) => void;
}

const only = (have: Factors) => (have.passkeys?.length ?? 0) + (isTime(have.app_since) ? 1 : 0) === 1;

function remove(name: string, have: Factors, run: () => Promise<void>, onChange: () => void): void {
  ask({
    title: f.removeTitle(name),
    body: only(have) ? f.removeLast : f.removeBody,
    action: f.remove,
    danger: true,
    run: async () => {
      await confirmed(run);
      toast(f.removed(name));
      onChange();
    },
  });
}

function Passkeys({ have, onChange }: PartProps): JSX.Element {
  const [adding, setAdding] = useState(false);
  const here = have.passkeys_here && passkeysHere();
  const list = have.passkeys ?? [];
  return (
    <div class="factor">
      <div class="factor__head">
        <div>
          <h3 class="factor__title">{f.passkeys}</h3>
          <p class="section__hint">{here ? f.passkeysHint : f.passkeyNotHere(location.origin)}</p>
        </div>
        {here && (
          <Button kind={list.length === 0 ? "primary" : "plain"} icon="plus" onClick={() => setAdding(true)}>
            {f.addPasskey}
          </Button>
        )}
      </div>
      {list.length > 0 && (
        <ul class="cards">
          {list.map((key) => (
            <PasskeyLine key={key.id} passkey={key} onRemove={() => remove(key.name, have, () => api.dropPasskey(key.id), onChange)} />
          ))}
        </ul>
      )}
      {adding && (
        <PasskeyDialog
          onClose={() => setAdding(false)}
          onAdded={(codes) => {
            setAdding(false);
            onChange(codes);
          }}
        />
      )}
    </div>
  );
}

function PasskeyLine({ passkey, onRemove }: { passkey: Passkey; onRemove: () => void }): JSX.Element {
  return (
    <li class="card card--line">
      <Glyph name="key" />
      <div class="card__main">
        <p class="card__title" dir="auto">
          {passkey.name}
        </p>
        <p class="dim card__sub">
          {f.added} <When at={passkey.created_at} /> · {isTime(passkey.used_at) ? <>{f.used} <When at={passkey.used_at} /></> : f.unused}
          {passkey.site !== location.hostname && <> · {f.site(passkey.site)}</>}
        </p>
      </div>
      <Button aria-label={f.removeLabel(passkey.name)} onClick={onRemove}>
        {f.remove}
      </Button>
    </li>
  );
}

function PasskeyDialog({ onClose, onAdded }: { onClose: () => void; onAdded: (codes?: string[]) => void }): JSX.Element {
  const [name, setName] = useState("");
  const [tried, setTried] = useState(false);
  const [none, setNone] = useState(false);
  const action = useAction();
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!name.trim() || action.busy) return;
    setNone(false);
    await action.run(async () => {
      const challenge = await confirmed(api.beginPasskey);
      try {
        const made = await api.addPasskey(challenge.step, name.trim(), await makePasskey(challenge));
        toast(f.passkeyAdded(made.passkey.name));
        onAdded(made.recovery_codes);
      } catch (failure) {
        if (!(failure instanceof NoPasskey)) throw failure;
        setNone(true);
      }
    });
  };
  return (
    <Dialog title={f.addPasskey} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <p class="section__hint">{f.passkeysHint}</p>
        <Field
          label={f.passkeyName}
          hint={f.passkeyNameHint}
          maxLength={80}
          value={name}
          onValue={setName}
          {...(tried && !name.trim() ? { error: f.passkeyNameMissing } : {})}
        />
        {none && (
          <Notice icon="info">
            <span role="status">{f.passkeyFailed}</span>
          </Notice>
        )}
        {action.problem && <ProblemLine problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {f.passkeyDo}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function App({ have, onChange }: PartProps): JSX.Element {
  const [fresh, setFresh] = useState<NewApp | null>(null);
  const action = useAction();
  const on = isTime(have.app_since);
  const begin = () => void action.run(async () => setFresh(await confirmed(api.beginApp)));
  return (
    <div class="factor">
      <div class="factor__head">
        <div>
          <h3 class="factor__title">
            {f.app} {on && <span class="chip chip--good">{f.appOn}</span>}
          </h3>
          <p class="section__hint">{f.appHint}</p>
        </div>
        {on ? (
          <Button aria-label={f.removeLabel(f.app)} onClick={() => remove(f.app, have, api.dropApp, onChange)}>
            {f.remove}
          </Button>
        ) : (
          <Button kind={have.passkeys_here && passkeysHere() ? "plain" : "primary"} icon="plus" busy={action.busy} onClick={begin}>
            {f.addApp}
          </Button>
        )}
      </div>
      {action.problem && <ProblemLine problem={action.problem} />}
      {fresh && (
        <AppDialog
          app={fresh}
          onClose={() => setFresh(null)}
          onDone={(codes) => {
            setFresh(null);
            toast(f.appReady);
            onChange(codes);
          }}
        />
      )}
    </div>
  );
}

function AppDialog({ app, onClose, onDone }: { app: NewApp; onClose: () => void; onDone: (codes?: string[]) => void }): JSX.Element {
  const [code, setCode] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    if (!code.trim()) return setWrong(f.appCodeMissing);
    setBusy(true);
    setWrong("");
    try {
      onDone((await confirmed(() => api.confirmApp(code.trim()))).recovery_codes);
    } catch (failure) {
      const problem = problemOf(failure);
      if (problem.code === "too_many") setWrong(t.confirming.tooMany);
      else if (problem.code !== "cancelled") setWrong(problem.code === "confirmation_refused" ? f.appWrong : t.problem.title);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={f.appTitle} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <p>{f.appScan}</p>
        <svg class="qr" viewBox={`0 0 ${app.qr.size} ${app.qr.size}`} role="img" aria-label={f.appAlt} shape-rendering="crispEdges">
          <rect width={app.qr.size} height={app.qr.size} fill="#fff" />
          <path d={app.qr.path} fill="#000" />
        </svg>
        <div class="qr__text">
          <span class="field__label">{f.appSecret}</span>
          <code dir="ltr" tabIndex={0}>
            {app.secret.replace(/(.{4})(?=.)/g, "$1 ")}
          </code>
          <CopyButton text={app.secret} />
        </div>
        <Field
          label={f.appCode}
          name="code"
          autocomplete="one-time-code"
          maxLength={10}
          value={code}
          onValue={setCode}
          {...(wrong ? { error: wrong } : {})}
        />
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy}>
            {f.appDo}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Recovery({ have, onCodes, factors }: { have: Factors; onCodes: (codes: string[]) => void; factors: Resource<Factors> }): JSX.Element {
  const some = isTime(have.app_since) || (have.passkeys?.length ?? 0) > 0;
  const remake = () =>
    ask({
      title: f.remakeTitle,
      body: f.remakeBody,
      action: f.remake,
      run: async () => {
        const made = await confirmed(api.remakeRecovery);
        onCodes(made.recovery_codes ?? []);
        void factors.reload();
      },
    });
  return (
    <div class="factor">
      <div class="factor__head">
        <div>
          <h3 class="factor__title">
            {f.recovery} {some && <span class={have.recovery_left < 3 ? "chip chip--pending" : "chip"}>{f.recoveryLeft(have.recovery_left)}</span>}
          </h3>
          <p class="section__hint">{some ? f.recoveryHint : f.recoveryNone}</p>
        </div>
        {some && <Button onClick={remake}>{f.remake}</Button>}
      </div>
    </div>
  );
}
