// What an agent does to a conversation. The row changes at once; if the server says
// no, it goes back and the agent is told.

import { toast } from "../../shared/ui";
import * as api from "../api";
import { problemOf } from "../http";
import { me, myId } from "../session";
import { t } from "../text";
import { moment } from "../time";
import type { Row } from "../types";
import { explain } from "../ui/ask";
import { loadCountsSoon, patchRow, putRow, rowNow } from "./store";

async function change(id: string, patch: api.RowChange, shown: Partial<Row>, said?: string): Promise<void> {
  const before = rowNow(id);
  if (!before) return;
  patchRow(id, shown);
  try {
    putRow(await api.change(id, patch));
    if (said) toast(said);
  } catch (failure) {
    const now = rowNow(id);
    if (now) patchRow(id, { status: before.status, assignee: before.assignee ?? null, snoozed_until: before.snoozed_until ?? null });
    toast(`${t.thread.changeFailed}. ${explain(problemOf(failure))}`, "bad");
  } finally {
    loadCountsSoon();
  }
}

export function assign(id: string, agent: { id: string; name: string } | null): void {
  const mine = agent?.id === myId();
  void change(id, { assignee: agent ? (mine ? "me" : agent.id) : "" }, { assignee: agent });
}

export function assignToMe(id: string): void {
  const who = me.peek()?.agent;
  if (who && rowNow(id)?.assignee?.id !== who.id) assign(id, { id: who.id, name: who.name });
}

export function resolve(id: string): void {
  void change(id, { status: "closed" }, { status: "closed", snoozed_until: null }, t.thread.resolvedToast);
}

export function reopen(id: string): void {
  void change(id, { status: "open" }, { status: "open", snoozed_until: null }, t.thread.reopenedToast);
}

export function snooze(id: string, until: Date): void {
  const at = until.toISOString();
  void change(id, { status: "snoozed", snoozed_until: at }, { status: "snoozed", snoozed_until: at }, t.thread.snoozedToast(moment(at)));
}
