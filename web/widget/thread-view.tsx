// A thread: days of bubbles, who is writing, and the composer below.
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { dayOf } from "../shared/time";
import { Avatar } from "../shared/ui/avatar";
import { Button } from "../shared/ui/button";
import { Icon } from "../shared/ui/icons";
import { Empty, Failure, Notice } from "../shared/ui/state";
import { Skeleton, Spinner } from "../shared/ui/waiting";
import { Composer } from "./composer";
import { layOut } from "./grouping";
import { Head } from "./head";
import type { Model } from "./model";
import { isLocal } from "./outbox";
import { RunView } from "./run-view";
import { text } from "./text";
import type { Thread } from "./thread";

// As close to the end as counts for being there.
const nearPx = 80;

export function ThreadView({ model, id }: { model: Model; id: string }): JSX.Element {
  const t = text();
  const { threads, channel, link } = model.state.value;
  const thread = model.thread(id);
  const conversation = threads?.get(id);
  const name = conversation?.assignee?.name || model.teamName();
  const writer = thread.typing.value;

  useEffect(() => {
    if (!isLocal(id) && !thread.loaded.value) void thread.load();
  }, [thread]);

  return (
    <>
      <Head model={model} back>
        <Avatar name={name} size={36} />
        <div class="head__words">
          <h1 class="head__title" aria-label={t.conversationWith(name)}>
            <bdi>{name}</bdi>
          </h1>
          <p class={channel?.online ? "presence presence--online" : "presence"}>{channel?.online ? t.online : t.away}</p>
        </div>
      </Head>
      <Offline lost={link === "lost"} />
      <Log model={model} thread={thread} />
      <p class="typing" aria-live="off">
        {writer !== undefined && (
          <>
            <span class="typing__dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            <bdi>{t.typing(writer || name)}</bdi>
          </>
        )}
      </p>
      <Composer model={model} id={id} />
    </>
  );
}

// A connection that comes back at once is not worth a word.
function Offline({ lost }: { lost: boolean }): JSX.Element {
  const [said, say] = useState(false);
  useEffect(() => {
    if (!lost) return say(false);
    const timer = setTimeout(() => say(true), 2500);
    return () => clearTimeout(timer);
  }, [lost]);
  return (
    <div class="offline" role="status">
      {said && (
        <Notice kind="warn" icon="offline">
          {text().offline}
        </Notice>
      )}
    </div>
  );
}

function Log({ model, thread }: { model: Model; thread: Thread }): JSX.Element {
  const t = text();
  const { threads, shown } = model.state.value;
  const messages = thread.messages.value;
  const unsent = model.outbox.entries.value.filter((u) => u.thread === thread.id);
  const days = useMemo(() => layOut(messages, unsent), [messages, model.outbox.entries.value, thread.id]);
  const scroller = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [missed, setMissed] = useState(0);
  const [away, setAway] = useState(false);
  const conversation = threads?.get(thread.id);

  const toEnd = (smooth?: boolean) => {
    const el = scroller.current;
    el?.scrollTo({ top: el.scrollHeight, behavior: smooth ? "smooth" : "auto" });
  };
  const look = () => {
    const el = scroller.current!;
    atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < nearPx;
    setAway(!atEnd.current);
    if (atEnd.current) setMissed(0);
    markRead();
  };
  // markRead is asked whenever anything changed; the thread says each step once.
  const markRead = () => {
    const looking = model.state.value.shown && atEnd.current && document.visibilityState === "visible";
    model.core.watched = looking ? thread.id : "";
    const last = thread.messages.value.findLast((m) => m.author.kind !== "visitor");
    if (looking && last) void thread.read(last.seq);
  };

  useKeptPlace(scroller, messages, unsent, atEnd, toEnd, (n) => setMissed((m) => m + n));

  useEffect(markRead);
  useEffect(() => {
    document.addEventListener("visibilitychange", markRead);
    return () => {
      document.removeEventListener("visibilitychange", markRead);
      model.core.watched = "";
    };
  }, [thread]);

  // A frame that was hidden, or that a keyboard has just made smaller, still shows its end.
  useEffect(() => {
    const watch = new ResizeObserver(() => atEnd.current && toEnd());
    watch.observe(scroller.current!);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (shown && atEnd.current) toEnd();
  }, [shown]);

  useEffect(() => {
    const watch = new IntersectionObserver(
      (seen) => seen.some((s) => s.isIntersecting) && thread.loaded.value && thread.more.value && !thread.error.value && void thread.load(),
      { root: scroller.current, rootMargin: "200px" },
    );
    watch.observe(top.current!);
    return () => watch.disconnect();
    // Observed anew after each page, since a page that does not fill the pane moves nothing.
  }, [thread, messages[0]?.seq]);

  const lastSent = messages.findLast((m) => m.author.kind === "visitor")?.seq ?? 0;
  const nothing = !messages.length && !unsent.length;
  const { error, loading, loaded, more } = thread;
  return (
    <div class="log__frame">
      <div class="scroll log" ref={scroller} onScroll={look} tabIndex={0} role="log" aria-live="off" aria-label={t.conversationWith(model.teamName())}>
        <div ref={top} />
        {nothing && error.value && <Failure error={error.value} retry={() => void thread.load()} />}
        {nothing && loading.value && (
          <div class="pad">
            <Skeleton lines={4} height={32} />
          </div>
        )}
        {nothing && (isLocal(thread.id) || (loaded.value && !loading.value)) && (
          <Empty icon="chat" title={t.threadEmpty} text={t.threadEmptyText(model.teamName())} />
        )}
        {!nothing && loading.value && more.value && (
          <p class="log__more">
            <Spinner />
          </p>
        )}
        {!nothing && error.value && (
          <p class="log__more">
            {t.olderFailed}{" "}
            <Button kind="quiet" onClick={() => void thread.load()}>
              {t.retry}
            </Button>
          </p>
        )}
        {days.map((d) => (
          <section key={d.key} class="day">
            <h2 class="day__name">
              <time dateTime={d.at}>{dayOf(d.at)}</time>
            </h2>
            {d.runs.map((r) => (
              <RunView key={r.key} run={r} model={model} lastSent={lastSent} agentsRead={conversation?.agents_read ?? 0} />
            ))}
          </section>
        ))}
      </div>
      {away && !nothing && (
        <button type="button" class="pill" onClick={() => toEnd(true)}>
          <Icon name="down" />
          {missed ? t.newMessages(missed) : <span class="sr-only">{t.toLatest}</span>}
        </button>
      )}
    </div>
  );
}

// useKeptPlace keeps what somebody reads where it is: at the end when they are there or have just written, and unmoved when
// older messages come in above.
function useKeptPlace(
  scroller: { current: HTMLDivElement | null },
  messages: { seq: number; author: { kind: string } }[],
  unsent: unknown[],
  atEnd: { current: boolean },
  toEnd: () => void,
  missed: (n: number) => void,
): void {
  const before = useRef({ first: 0, last: 0, unsent: 0, height: 0, top: 0 });
  useLayoutEffect(() => {
    const el = scroller.current!;
    const was = before.current;
    const first = messages[0]?.seq ?? 0;
    const last = messages.at(-1)?.seq ?? 0;
    const fresh = messages.filter((m) => m.seq > was.last && m.author.kind !== "visitor").length;
    if (unsent.length > was.unsent || atEnd.current || !was.last) toEnd();
    else if (first < was.first) el.scrollTop += el.scrollHeight - was.height;
    else if (fresh) missed(fresh);
    before.current = { first, last, unsent: unsent.length, height: el.scrollHeight, top: el.scrollTop };
  }, [messages, unsent.length]);
}
