// Emailed codes of a channel, and what left lately.

import type { JSX } from "preact";
import { Button, Failure, Icon, Notice, toast } from "../../shared/ui";
import * as api from "../api";
import { may } from "../session";
import { t } from "../text";
import { ago, full } from "../time";
import type { Letter } from "../types";
import { ask } from "../ui/ask";
import { Loaded, Section } from "../ui/page";
import { useResource } from "../ui/resource";

const m = t.mail;

export function EmailCodes({ channel }: { channel: string }): JSX.Element {
  const setting = useResource(() => api.emailCode(channel), [channel]);
  const put = async (allowed: boolean) => {
    const saved = await api.setEmailCode(channel, allowed);
    setting.set(saved);
    toast(allowed ? m.onToast : m.offToast(saved.ended ?? 0));
  };
  const turn = (allowed: boolean, live: number) =>
    ask({
      title: allowed ? m.onTitle : m.offTitle,
      body: allowed ? m.onBody : m.offBody(live),
      action: allowed ? m.turnOn : m.turnOff,
      danger: !allowed,
      run: () => put(allowed),
    });
  return (
    <Section title={m.title} hint={m.hint} id="email-codes">
      <Loaded resource={setting} failed={m.failed} lines={2}>
        {({ allowed, mail, live_sessions }) => (
          <div class="stack">
            {!mail && (
              <Notice kind="warn" icon="alert">
                <strong>{m.needs}</strong> {m.needsHow}
              </Notice>
            )}
            {mail === "mailbox" && (
              <p class="section__hint">
                {m.mailbox}{" "}
                <a href="/demo/mailbox" target="_blank" rel="noopener">
                  {m.mailboxLink}
                </a>
                .
              </p>
            )}
            {(mail || allowed) && (
              <div class="mail__switch">
                <span class={allowed ? "mail__state mail__state--on" : "mail__state"}>
                  <Icon name={allowed ? "check" : "close"} />
                  {allowed ? m.on : m.off}
                </span>
                {may("enforcement.set") && (
                  <Button kind={allowed ? "plain" : "primary"} onClick={() => turn(!allowed, live_sessions)}>
                    {allowed ? m.turnOff : m.turnOn}
                  </Button>
                )}
              </div>
            )}
            {!may("enforcement.set") && <p class="section__hint">{m.readOnly}</p>}
            {mail && may("channels.manage") && <Outbox />}
          </div>
        )}
      </Loaded>
    </Section>
  );
}

function Outbox(): JSX.Element {
  const box = useResource(() => api.outbox(), []);
  const letters = (box.data?.letters ?? []).slice(0, 20);
  return (
    <details class="mail__log">
      <summary>{m.log}</summary>
      <div class="mail__hint">
        <p class="section__hint">{m.logHint}</p>
        <Button kind="quiet" icon="retry" onClick={() => void box.reload()}>
          {m.refresh}
        </Button>
      </div>
      {box.problem && !box.data && <Failure title={m.logFailed} error={box.problem} retry={() => void box.reload()} />}
      {box.data && letters.length === 0 && <p>{m.logEmpty}</p>}
      <ul class="mail__letters">
        {letters.map((letter) => (
          <LetterLine key={letter.id} letter={letter} />
        ))}
      </ul>
    </details>
  );
}

function LetterLine({ letter }: { letter: Letter }): JSX.Element {
  const bad = letter.state === "failed" || letter.state === "withheld";
  return (
    <li>
      <span class="mail__what">
        <strong>{m.kinds[letter.kind] ?? letter.kind}</strong> <bdi>{letter.recipient}</bdi>
      </span>
      <span class={bad ? "mail__outcome mail__outcome--bad" : "mail__outcome"}>
        {m.states[letter.state] ?? letter.state}
        {letter.attempts > 1 && `, ${m.tries(letter.attempts)}`}
      </span>
      <time dateTime={letter.created_at} title={full(letter.created_at)}>
        {ago(letter.created_at)}
      </time>
      {letter.last_error && <span class="mail__error">{letter.last_error}</span>}
    </li>
  );
}
