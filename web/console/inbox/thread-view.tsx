// The thread's pane: who it is, what can be done, the messages, the composer.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button, Empty, Failure, Icon, Skeleton, TierBadge } from "../../shared/ui";
import { agents, needAgents, personName, personParts } from "../names";
import { may, me, myId } from "../session";
import { t } from "../text";
import { dayOf, moment, snoozePresets } from "../time";
import type { Message, Row, ViewName } from "../types";
import { Glyph } from "../ui/glyph";
import { Menu } from "../ui/popover";
import { assign, reopen, resolve, snooze } from "./actions";
import { blocksOf } from "./blocks";
import { Bubble, OutBubble, StandingLine } from "./bubble";
import { Composer } from "./composer";
import { ImportedBadge } from "./imported";
import { listHref, openSnooze, personShown, togglePerson } from "./panes";
import { rowSignal } from "./store";
import { loadOlder, markRead, openThread, threadSignal } from "./thread";

export function ThreadPane({ id, view, onResolved }: { id: string; view: ViewName; onResolved: () => void }): JSX.Element {
  const thread = threadSignal(id).value;
  const row = rowSignal(id)?.value;
  useEffect(() => {
    void openThread(id);
  }, [id]);
  if (thread.phase === "failed" && thread.problem) {
    const gone = thread.problem.status === 404;
    return (
      <section class="thread thread--none" aria-label={t.thread.log}>
        <BackToList view={view} />
        {gone ? (
          <Empty icon="search" title={t.thread.notFound} />
        ) : (
          <Failure title={t.thread.failed} error={thread.problem} retry={() => void openThread(id)} />
        )}
      </section>
    );
  }
  const name = row ? personName(row.contact) : t.thread.visitor;
  return (
    <section class="thread" aria-label={t.thread.label(name)}>
      {row ? <Head row={row} view={view} onResolved={onResolved} /> : <HeadSkeleton view={view} />}
      {row && thread.phase === "ready" ? (
        <Messages row={row} />
      ) : (
        <div class="thread__loading">
          <Skeleton lines={3} height={20} />
          <Skeleton lines={2} height={20} />
        </div>
      )}
      {row && <Composer key={id} row={row} onSent={() => scrollDown.current?.()} />}
    </section>
  );
}

const scrollDown: { current: (() => void) | null } = { current: null };

function BackToList({ view }: { view: ViewName }): JSX.Element {
  return (
    <a class="button button--quiet button--icon thread__back" href={listHref(view)} aria-label={t.thread.back} title={t.thread.back}>
      <Icon name="back" />
    </a>
  );
}

function HeadSkeleton({ view }: { view: ViewName }): JSX.Element {
  return (
    <header class="thread__head">
      <BackToList view={view} />
      <div class="thread__who">
        <Skeleton lines={1} height={16} />
      </div>
    </header>
  );
}

function Head({ row, view, onResolved }: { row: Row; view: ViewName; onResolved: () => void }): JSX.Element {
  const replies = may("conversations.reply");
  const { name, proved } = personParts(row.contact);
  return (
    <header class="thread__head">
      <BackToList view={view} />
      <div class="thread__who">
        <h2 class="thread__name">
          <bdi title={personName(row.contact)}>{name}</bdi>
          {row.contact.kind === "imported" ? <ImportedBadge /> : <TierBadge tier={row.tier} />}
        </h2>
        <p class="thread__sub">
          <span class="thread__channel" dir="auto">
            {row.channel.name || row.channel.slug}
          </span>
          {proved && (
            <span>
              {" · "}
              <bdi>{proved}</bdi>
            </span>
          )}
          {row.assignee && <span> · {row.assignee.id === myId() ? t.thread.assignedMe : t.thread.assignedTo(row.assignee.name)}</span>}
          {row.status === "closed" && <span> · {t.thread.resolved}</span>}
          {row.status === "snoozed" && <span> · {row.snoozed_until ? t.thread.snoozedUntil(moment(row.snoozed_until)) : t.inbox.views.snoozed}</span>}
        </p>
      </div>
      <div class="thread__actions">
        {replies && <AssignMenu row={row} />}
        {replies && row.status !== "closed" && <SnoozeMenu row={row} onSnoozed={onResolved} />}
        {replies &&
          (row.status === "closed" ? (
            <Button title={`${t.thread.reopen} (E)`} onClick={() => reopen(row.id)}>
              <Glyph name="reopen" />
              <span class="thread__word thread__word--keep">{t.thread.reopen}</span>
            </Button>
          ) : (
            <Button
              icon="check"
              title={`${t.thread.resolve} (E)`}
              onClick={() => {
                resolve(row.id);
                onResolved();
              }}
            >
              <span class="thread__word thread__word--keep">{t.thread.resolve}</span>
            </Button>
          ))}
        <button
          type="button"
          class="button button--quiet button--icon"
          aria-label={t.thread.showPerson}
          title={`${t.thread.showPerson} (P)`}
          aria-pressed={personShown.value}
          onClick={togglePerson}
        >
          <Glyph name="panel" />
        </button>
      </div>
    </header>
  );
}

function AssignMenu({ row }: { row: Row }): JSX.Element {
  const mine = row.assignee?.id === myId();
  const who = me.value?.agent;
  const label = mine ? t.thread.assignedMe : row.assignee ? t.thread.assignedTo(row.assignee.name) : t.thread.assign;
  const others = (agents.value ?? []).filter((a) => a.id !== who?.id && a.joined !== false && a.role !== "auditor");
  return (
    <Menu
      label={t.thread.assign}
      align="end"
      onOpen={needAgents}
      button={(props) => (
        <Button kind="plain" title={`${label} (A: ${t.thread.assignMe})`} aria-label={label} {...props}>
          <Glyph name="assign" />
          <span class="thread__word thread__word--cut" dir="auto">
            {mine ? t.common.you : (row.assignee?.name ?? t.thread.assign)}
          </span>
        </Button>
      )}
      items={[
        ...(who ? [{ label: t.thread.assignMe, hint: "A", checked: mine, onChoose: () => assign(row.id, { id: who.id, name: who.name }) }] : []),
        ...others.map((a) => ({
          label: a.name || a.email,
          checked: row.assignee?.id === a.id,
          onChoose: () => assign(row.id, { id: a.id, name: a.name || a.email }),
        })),
        { label: t.thread.unassign, checked: !row.assignee, onChoose: () => assign(row.id, null) },
      ]}
    />
  );
}

function SnoozeMenu({ row, onSnoozed }: { row: Row; onSnoozed: () => void }): JSX.Element {
  const presets = snoozePresets();
  return (
    <Menu
      label={t.thread.snoozeUntil}
      align="end"
      opener={openSnooze}
      button={(props) => (
        <Button kind="plain" title={`${t.thread.snooze} (S)`} aria-label={t.thread.snooze} {...props}>
          <Glyph name="clock" />
          <span class="thread__word">{t.thread.snooze}</span>
        </Button>
      )}
      items={[
        ...(row.status === "snoozed" ? [{ label: t.thread.wake, onChoose: () => reopen(row.id) }] : []),
        ...presets.map((preset) => ({
          label: t.thread.presets[preset.name],
          hint: moment(preset.at.toISOString()),
          onChoose: () => {
            snooze(row.id, preset.at);
            onSnoozed();
          },
        })),
      ]}
    />
  );
}

const nearEnd = 80;

function Messages({ row }: { row: Row }): JSX.Element {
  const thread = threadSignal(row.id).value;
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [newBelow, setNewBelow] = useState(false);
  // What was unread when the thread was opened stays marked as new while it stands.
  const [unreadAfter] = useState(() => (row.unread > 0 ? row.agents_read : null));
  const blocks = useMemo(() => blocksOf(thread.messages, unreadAfter), [thread.messages, unreadAfter]);
  const receipts = useMemo(() => receiptsOf(thread.messages, row.visitor_read), [thread.messages, row.visitor_read]);
  const newest = thread.messages[thread.messages.length - 1];
  const count = thread.messages.length + thread.outbox.length;

  const toEnd = () => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
    setNewBelow(false);
  };
  scrollDown.current = () => {
    atEnd.current = true;
    requestAnimationFrame(toEnd);
  };
  useKeepPlace(scroller, thread.messages[0]?.id);
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
    else if (newest?.author.kind === "visitor") setNewBelow(true);
  }, [count, newest?.id, thread.typing.length]);
  useReading(row, atEnd, newest?.seq ?? 0);
  useStayAtEnd(scroller, atEnd);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < nearEnd;
    if (atEnd.current && newBelow) setNewBelow(false);
    if (atEnd.current && document.visibilityState === "visible") void markRead(row.id);
    if (element.scrollTop < 200 && thread.more && thread.older === "idle") void loadOlder(row.id);
  };

  return (
    <div class="thread__scroll" ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label={t.thread.log}>
      <div class="thread__messages">
        <Older id={row.id} />
        {blocks.map((block) => {
          switch (block.kind) {
            case "day":
              return (
                <p key={block.id} class="day">
                  <span>{dayOf(block.at)}</span>
                </p>
              );
            case "unread":
              return (
                <p key={block.id} class="day day--new">
                  <span>{t.thread.unreadLine}</span>
                </p>
              );
            case "standing":
              return <StandingLine key={block.id} tier={block.tier} />;
            case "message":
              return (
                <Bubble
                  key={block.id}
                  message={block.message}
                  first={block.first}
                  last={block.last}
                  visitor={personName(row.contact)}
                  receipt={receipts.get(block.message.id) ?? ""}
                />
              );
          }
        })}
        {thread.outbox.map((out) => (
          <OutBubble key={out.client_id} conversation={row.id} out={out} author={me.value?.agent.name ?? ""} />
        ))}
        <Typing id={row.id} visitor={personName(row.contact)} />
        <Announcer messages={thread.messages} visitor={personName(row.contact)} />
      </div>
      {newBelow && (
        <button type="button" class="button button--plain thread__below" onClick={() => (toEnd(), (atEnd.current = true))}>
          <Icon name="down" />
          {t.thread.newBelow}
        </button>
      )}
    </div>
  );
}

/** Under the newest answer that the visitor has read stands "Seen"; under the newest of all, "Sent" :: message id → word. */
function receiptsOf(messages: Message[], visitorRead: number): Map<string, string> {
  const receipts = new Map<string, string>();
  let newest: Message | undefined;
  let seen: Message | undefined;
  for (const message of messages) {
    if (message.author.kind !== "agent" || message.note || message.method === "import") continue;
    newest = message;
    if (message.seq <= visitorRead) seen = message;
  }
  if (newest) receipts.set(newest.id, t.thread.delivered);
  if (seen) receipts.set(seen.id, t.thread.seen);
  return receipts;
}

function Older({ id }: { id: string }): JSX.Element {
  const { more, older, messages } = threadSignal(id).value;
  if (!more) return <p class="thread__start">{messages.length ? t.thread.beginning : t.inbox.noPreview}</p>;
  return (
    <div class="thread__older">
      {older === "failed" && <p class="dim">{t.thread.olderFailed}</p>}
      <Button kind="quiet" busy={older === "loading"} onClick={() => void loadOlder(id)}>
        {t.thread.older}
      </Button>
    </div>
  );
}

function Typing({ id, visitor }: { id: string; visitor: string }): JSX.Element {
  const who = threadSignal(id).value.typing.map((w) => (w.kind === "visitor" ? visitor : w.name || t.thread.somebody));
  return (
    <p class="typing" role="status">
      {who.length > 0 && (
        <>
          <span class="typing__dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <bdi>{t.thread.typing(who)}</bdi>
        </>
      )}
    </p>
  );
}

/** Says a new message of the visitor to a screen reader, once, and none of the history. */
function Announcer({ messages, visitor }: { messages: Message[]; visitor: string }): JSX.Element {
  const [spoken, setSpoken] = useState("");
  const last = useRef(messages[messages.length - 1]?.seq ?? 0);
  useEffect(() => {
    const fresh = messages.filter((m) => m.seq > last.current && m.author.kind === "visitor");
    last.current = messages[messages.length - 1]?.seq ?? last.current;
    const latest = fresh[fresh.length - 1];
    if (latest) setSpoken(`${visitor}: ${latest.text}`);
  }, [messages]);
  return (
    <span class="sr-only" aria-live="polite">
      {spoken}
    </span>
  );
}

/** Earlier messages push nothing: the one that was at the top stays where it is. */
function useKeepPlace(scroller: { current: HTMLDivElement | null }, oldest: string | undefined): void {
  const before = useRef<{ oldest: string | undefined; height: number; top: number }>({ oldest, height: 0, top: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    if (before.current.oldest && before.current.oldest !== oldest)
      element.scrollTop = before.current.top + element.scrollHeight - before.current.height;
    before.current.oldest = oldest;
  }, [oldest]);
  const element = scroller.current;
  if (element) before.current = { ...before.current, height: element.scrollHeight, top: element.scrollTop };
}

/** The end stays in sight when the pane shrinks, as it does when the composer grows. */
function useStayAtEnd(scroller: { current: HTMLDivElement | null }, atEnd: { current: boolean }): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const watch = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
}

/** Read is what stood before the agent's eyes: the end of the thread, in a page that is looked at. */
function useReading(row: Row, atEnd: { current: boolean }, newest: number): void {
  useEffect(() => {
    const look = () => {
      if (atEnd.current && document.visibilityState === "visible" && document.hasFocus() && may("conversations.reply")) void markRead(row.id);
    };
    look();
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [row.id, newest]);
}

