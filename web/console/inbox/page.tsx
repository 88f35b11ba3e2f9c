// The inbox: list, thread, person. On a narrow screen one of the three is shown.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Empty } from "../../shared/ui";
import { go } from "../router";
import { may } from "../session";
import { useCommands } from "../shell/commands";
import { useKeys } from "../shell/keys";
import { t } from "../text";
import { snoozePresets } from "../time";
import type { ViewName } from "../types";
import { assignToMe, reopen, resolve, snooze } from "./actions";
import { focusComposer } from "./composer";
import { ListPane } from "./list";
import { closeDrawer, conversationHref, listHref, openSnooze, personShown, queryOf, togglePerson, wide } from "./panes";
import { PersonPane } from "./person";
import { counts, list, loadCountsSoon, loadList, rowNow, rowSignal } from "./store";
import { ThreadPane } from "./thread-view";

export function InboxPage({ view, conversation }: { view: ViewName; conversation: string }): JSX.Element {
  const query = queryOf(view);
  const asked = JSON.stringify(query);
  useEffect(() => {
    void loadList(query);
  }, [asked]);
  useEffect(() => {
    if (!counts.peek()) loadCountsSoon(0);
  }, []);
  useEffect(() => {
    closeDrawer();
  }, [conversation]);

  const moveTo = useNeighbours(view, conversation);
  useInboxKeys(view, conversation, moveTo);

  const pane = conversation ? (personShown.value && !wide.value ? "person" : "thread") : "list";
  return (
    <main id="main" class="inbox" tabIndex={-1} data-pane={pane} data-person={conversation && personShown.value ? "shown" : "hidden"}>
      <h1 class="sr-only">{`${t.shell.inbox}: ${t.inbox.views[view] ?? view}`}</h1>
      <ListPane view={view} query={query} selected={conversation} />
      {conversation ? (
        <>
          <ThreadPane key={conversation} id={conversation} view={view} onResolved={() => moveTo(1, true)} />
          {personShown.value && <PersonPane id={conversation} view={view} onClose={togglePerson} modal={!wide.value} />}
        </>
      ) : (
        <section class="thread thread--none">
          <Empty icon="chat" title={t.inbox.pick} text={t.inbox.pickHint} />
        </section>
      )}
    </main>
  );
}

/** Walks the list as it stood when the conversation was opened, so that resolving it leads on to the next one. */
function useNeighbours(view: ViewName, conversation: string): (step: 1 | -1, leaving?: boolean) => void {
  const last = useRef<{ id: string; at: number }>({ id: "", at: 0 });
  const ids = list.value.ids;
  const at = ids.indexOf(conversation);
  if (at >= 0) last.current = { id: conversation, at };
  return (step, leaving) => {
    const now = list.peek().ids;
    const here = now.indexOf(conversation);
    const gone = here < 0;
    const base = gone ? last.current.at : here;
    let target = conversation ? base + step : 0;
    if (gone && step === 1) target = base;
    if (leaving && target >= now.length) target = now.length - 1;
    const id = now[target];
    const oneAtATime = matchMedia("(max-width: 760px)").matches;
    if (leaving && oneAtATime) go(listHref(view), { replace: true });
    else if (id && id !== conversation) go(conversationHref(view, id), { replace: !!conversation });
    else if (leaving) go(listHref(view), { replace: true });
  };
}

function useInboxKeys(view: ViewName, conversation: string, moveTo: (step: 1 | -1, leaving?: boolean) => void): void {
  const toggleResolved = () => {
    const row = rowNow(conversation);
    if (!row || !may("conversations.reply")) return;
    if (row.status === "closed") reopen(conversation);
    else {
      resolve(conversation);
      moveTo(1, true);
    }
  };
  const inThread = conversation && may("conversations.reply");
  useKeys({
    j: () => moveTo(1),
    k: () => moveTo(-1),
    "/": () => document.getElementById("inbox-search")?.focus(),
    ...(conversation ? { p: togglePerson } : {}),
    ...(inThread
      ? {
          e: toggleResolved,
          r: () => focusComposer("reply"),
          n: () => focusComposer("note"),
          a: () => assignToMe(conversation),
          s: () => openSnooze.current?.(),
        }
      : {}),
    ...(conversation ? { Escape: () => go(listHref(view)) } : {}),
  });
  const status = rowSignal(conversation)?.value.status;
  useCommands(() => {
    if (!inThread) return [];
    const group = t.palette.groupConversation;
    return [
      { id: "reply", label: t.keysHelp.reply, group, keys: "R", run: () => focusComposer("reply") },
      { id: "note", label: t.keysHelp.note, group, keys: "N", run: () => focusComposer("note") },
      { id: "resolve", label: status === "closed" ? t.thread.reopen : t.thread.resolve, group, keys: "E", run: toggleResolved },
      { id: "assign", label: t.thread.assignMe, group, keys: "A", run: () => assignToMe(conversation) },
      ...snoozePresets().map((preset) => ({
        id: `snooze-${preset.name}`,
        label: `${t.thread.snooze}: ${t.thread.presets[preset.name]}`,
        group,
        run: () => snooze(conversation, preset.at),
      })),
      { id: "person", label: t.keysHelp.person, group, keys: "P", run: togglePerson },
    ];
  }, [conversation, inThread, status]);
}
