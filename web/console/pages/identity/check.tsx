// Check a page now: the operator's own browser opens it, and what its messenger reports
// is shown as it arrives. This server fetches nothing.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Field, Icon, Notice, Spinner } from "../../../shared/ui";
import * as api from "../../api";
import type { Seen } from "../../installation";
import { href } from "../../router";
import { t } from "../../text";
import type { Channel } from "../../types";
import { Section } from "../../ui/page";
import { When } from "../../ui/when";
import { placeName } from "./places";

const i = t.installation;
const patienceSeconds = 30;
const askEveryMs = 1500;

interface Watch {
  url: string;
  origin: string;
  turn: number;
}

export function CheckSection({ channel, onArrival }: { channel: Channel; onArrival: () => void }): JSX.Element {
  const [url, setUrl] = useState(channel.origins?.[0] ?? "");
  const [wrong, setWrong] = useState("");
  const [watch, setWatch] = useState<Watch | null>(null);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const page = addressOf(url);
    setWrong(page ? "" : i.urlWrong);
    if (!page) return;
    // A tab of its own, without a way back to this one: the page is anybody's. Such a
    // window is not told of, so nobody knows whether the browser opened it.
    window.open(page.href, "_blank", "noopener,noreferrer");
    setWatch({ url: page.href, origin: page.origin, turn: (watch?.turn ?? 0) + 1 });
  };
  return (
    <Section title={i.check} hint={i.checkHint} id="check">
      <form class="check" onSubmit={submit} noValidate>
        <Field label={i.url} type="url" value={url} onValue={setUrl} error={wrong} placeholder="https://" />
        <Button type="submit" kind="primary">
          {i.open}
        </Button>
      </form>
      {watch && <Watching key={watch.turn} channel={channel} watch={watch} onArrival={onArrival} again={() => setWatch({ ...watch, turn: watch.turn + 1 })} />}
    </Section>
  );
}

function addressOf(text: string): URL | null {
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(text.trim()) ? text.trim() : `https://${text.trim()}`);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

function Watching({ channel, watch, onArrival, again }: { channel: Channel; watch: Watch; onArrival: () => void; again: () => void }): JSX.Element {
  const [seen, setSeen] = useState<Seen[]>([]);
  const [left, setLeft] = useState(patienceSeconds);
  const [failed, setFailed] = useState(false);
  const mine = seen.filter((s) => s.origin === watch.origin);
  const done = left <= 0;
  useEffect(() => {
    const end = Date.now() + patienceSeconds * 1000;
    let since: string | undefined;
    let stopped = false;
    let timer: ReturnType<typeof setTimeout>;
    const turn = async () => {
      try {
        const answer = await api.watch(channel.id, since);
        if (stopped) return;
        since ??= answer.now;
        setFailed(false);
        if (answer.arrivals.length > 0) {
          setSeen(answer.arrivals);
          onArrival();
        }
      } catch {
        if (!stopped) setFailed(true);
      }
      if (stopped) return;
      setLeft(Math.max(0, Math.ceil((end - Date.now()) / 1000)));
      if (Date.now() < end) timer = setTimeout(() => void turn(), askEveryMs);
    };
    void turn();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, []);
  return (
    <div class="watch" aria-live="polite">
      {!done && (
        <p class="watch__state">
          <Spinner />
          {i.watching(watch.origin, left)}{" "}
          <a href={watch.url} target="_blank" rel="noopener noreferrer">
            {watch.url}
          </a>
        </p>
      )}
      {failed && <Notice kind="warn" icon="offline">{t.shell.reconnecting}</Notice>}
      {seen.length > 0 && (
        <ul class="watch__list">
          {seen.map((s) => (
            <Arrival key={[s.platform, s.origin, s.version, s.dialect, s.outcome, s.reason].join("|")} seen={s} mine={s.origin === watch.origin} />
          ))}
        </ul>
      )}
      {done && mine.length === 0 && (
        <Notice kind="warn" icon="alert">
          <strong>{i.nothing(watch.origin)}</strong>
          <ul>
            {i.nothingList.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <div class="watch__actions">
            <Button onClick={again}>{i.again}</Button>
            <a class="button button--plain" href={href(`/channels/${channel.id}`)}>
              {i.toSnippet}
            </a>
          </div>
        </Notice>
      )}
    </div>
  );
}

const good = ["verified", "anonymous"];

function Arrival({ seen, mine }: { seen: Seen; mine: boolean }): JSX.Element {
  const fine = good.includes(seen.outcome) && !seen.reason;
  return (
    <li class={mine ? "watch__one watch__one--mine" : "watch__one"}>
      <Icon name={fine ? "check" : "alert"} />
      <span>
        <span dir="auto">{placeName(seen)}</span>: {i.outcomes[seen.outcome] ?? seen.outcome}
        {seen.reason && `, ${t.audit.reasons[seen.reason] ?? seen.reason}`}
        {seen.version && ` · ${i.version} ${seen.version}`} <span class="dim">{mine ? "" : i.arrivedElsewhere}</span>
      </span>
      <span class="dim">
        <When at={seen.at} />
      </span>
    </li>
  );
}
