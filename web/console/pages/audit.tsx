// The record, newest first: a sentence for each entry, and under it what was written.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Empty, Failure, Icon, Notice, Skeleton } from "../../shared/ui";
import * as api from "../api";
import { problemOf, type ApiError } from "../http";
import { agents, channels, keyName, learnKeys, needAgents, needChannels } from "../names";
import { go, href, place } from "../router";
import { may } from "../session";
import { t } from "../text";
import { exact } from "../time";
import type { AuditEntry } from "../types";
import { Select } from "../ui/forms";
import { PageFrame } from "../ui/page";
import { When } from "../ui/when";

const a = t.audit;

interface State {
  entries: AuditEntry[];
  next: string;
  phase: "loading" | "ready" | "failed";
  more: "idle" | "loading" | "failed";
  problem: ApiError | null;
}

const blank: State = { entries: [], next: "", phase: "loading", more: "idle", problem: null };

function useAudit(action: string, channel: string): State & { reload: () => void; older: () => void } {
  const [state, setState] = useState<State>(blank);
  const [turn, setTurn] = useState(0);
  const asked = useRef(0);
  useEffect(() => {
    const abort = new AbortController();
    const mine = ++asked.current;
    setState((now) => (turn && now.phase === "ready" ? now : blank));
    api.audit({ action, channel }, abort.signal).then(
      (page) => mine === asked.current && setState({ entries: page.entries ?? [], next: page.next ?? "", phase: "ready", more: "idle", problem: null }),
      (failure) => mine === asked.current && !abort.signal.aborted && setState({ ...blank, phase: "failed", problem: problemOf(failure) }),
    );
    return () => abort.abort();
  }, [action, channel, turn]);
  const older = async () => {
    const mine = asked.current;
    setState({ ...state, more: "loading" });
    try {
      const page = await api.audit({ action, channel, cursor: state.next });
      if (mine !== asked.current) return;
      setState((now) => ({ ...now, entries: [...now.entries, ...(page.entries ?? [])], next: page.next ?? "", more: "idle" }));
    } catch {
      if (mine === asked.current) setState((now) => ({ ...now, more: "failed" }));
    }
  };
  return { ...state, reload: () => setTurn(turn + 1), older: () => void older() };
}

export function AuditPage(): JSX.Element {
  const action = place.value.query.get("action") ?? "";
  const channel = place.value.query.get("channel") ?? "";
  const audit = useAudit(action, channel);
  useEffect(() => {
    needAgents();
    needChannels();
  }, []);
  useKeyNames();
  const filter = (patch: { action?: string; channel?: string }) => go(href("/audit", { action, channel, ...patch }), { replace: true });
  return (
    <PageFrame
      title={a.title}
      subtitle={a.subtitle}
      action={
        <Button icon="retry" onClick={audit.reload}>
          {a.reload}
        </Button>
      }
    >
      <div class="filters">
        <Select
          label={a.action}
          value={action}
          onValue={(value) => filter({ action: value })}
          options={[{ value: "", label: a.anyAction }, ...Object.entries(a.names).map(([value, label]) => ({ value, label }))]}
        />
        <Select
          label={a.channel}
          value={channel}
          onValue={(value) => filter({ channel: value })}
          options={[{ value: "", label: a.anyChannel }, ...(channels.value ?? []).map((c) => ({ value: c.id, label: c.name || c.slug }))]}
        />
      </div>
      {audit.phase === "failed" && audit.problem && <Failure title={a.failed} error={audit.problem} retry={audit.reload} />}
      {audit.phase === "loading" && (
        <div class="page__skeleton">
          <Skeleton lines={8} height={20} />
        </div>
      )}
      {audit.phase === "ready" && audit.entries.length === 0 && <NoEntries filtered={!!(action || channel)} />}
      {audit.phase === "ready" && audit.entries.length > 0 && (
        <>
          <Table entries={audit.entries} />
          <div class="audit__more">
            {audit.next ? (
              <Button busy={audit.more === "loading"} onClick={audit.older}>
                {audit.more === "failed" ? t.common.retry : a.more}
              </Button>
            ) : (
              <p class="dim">{a.end}</p>
            )}
          </div>
        </>
      )}
    </PageFrame>
  );
}

function NoEntries({ filtered }: { filtered: boolean }): JSX.Element {
  if (!filtered) return <Empty icon="info" title={a.empty} text={a.emptyHint} />;
  return (
    <Empty icon="search" title={a.emptyFilter}>
      <a class="button button--plain" href={href("/audit")}>
        {a.clear}
      </a>
    </Empty>
  );
}

/** Entries name keys by id; their names are read once per channel. */
function useKeyNames(): void {
  const list = channels.value;
  useEffect(() => {
    if (!list || !may("keys.read")) return;
    for (const channel of list.slice(0, 20))
      api.keys(channel.id).then(
        (page) => learnKeys(page.keys ?? []),
        () => undefined, // an id says enough
      );
  }, [list]);
}

function Table({ entries }: { entries: AuditEntry[] }): JSX.Element {
  return (
    <table class="audit">
      <thead>
        <tr>
          <th scope="col">{a.when}</th>
          <th scope="col">{a.who}</th>
          <th scope="col">{a.what}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <EntryRow key={entry.id} entry={entry} />
        ))}
      </tbody>
    </table>
  );
}

const grave = new Set(["key.revoked", "agent.removed", "owner.reset", "contact.blocked", "key.revealed"]);

function EntryRow({ entry }: { entry: AuditEntry }): JSX.Element {
  const reason = entry.detail?.reason;
  const hint = reason ? a.reasonHints[reason] : undefined;
  const kind = entry.action === "identity.refused" || entry.action === "agent.sign_in_failed" ? "refused" : grave.has(entry.action) ? "grave" : "";
  return (
    <tr class={kind ? `audit__row audit__row--${kind}` : "audit__row"}>
      <td class="audit__when">
        <When at={entry.at} />
      </td>
      <td class="audit__who">
        <bdi>{actorName(entry.actor)}</bdi>
      </td>
      <td class="audit__what">
        <details>
          <summary>
            {kind === "refused" && <Icon name="alert" />}
            <span dir="auto">{sentence(entry)}</span>
          </summary>
          {hint && <Notice icon="info">{hint}</Notice>}
          <Detail entry={entry} />
        </details>
      </td>
    </tr>
  );
}

function Detail({ entry }: { entry: AuditEntry }): JSX.Element {
  const rows: [string, string][] = [
    [a.when, exact(entry.at)],
    [a.who, entry.actor],
    [a.rawAction, entry.action],
    ...(entry.channel ? [[a.channel, `${channelName(entry.channel)} (${entry.channel})`] as [string, string]] : []),
    ...(entry.subject ? [[a.subject, entry.subject] as [string, string]] : []),
    ...Object.entries(entry.detail ?? {}).filter(([, value]) => value !== ""),
    [a.entry, entry.id],
  ];
  return (
    <dl class="audit__detail">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function channelName(id: string | undefined): string {
  if (!id) return "";
  const channel = channels.value?.find((c) => c.id === id);
  return channel ? channel.name || channel.slug : id;
}

function agentName(id: string): string {
  const agent = agents.value?.find((x) => x.id === id);
  return agent ? agent.name || agent.email : "";
}

export function actorName(actor: string): string {
  const [kind = "", id = ""] = actor.split(":");
  if (kind === "agent") return agentName(id) || (a.actors.agent ?? actor);
  if (kind === "cli") return `${a.actors.cli} (${id})`;
  return a.actors[kind] ?? actor;
}

export function sentence(entry: AuditEntry): string {
  const say = a.sentences[entry.action];
  if (!say) return a.names[entry.action] ?? entry.action;
  const detail = entry.detail ?? {};
  const known = (id: string) => {
    const name = keyName({ id });
    return name === id ? "" : name;
  };
  const subject = entry.subject ?? "";
  return say({
    actor: entry.actor,
    subject: subject.startsWith("key_") ? known(subject) : subject.startsWith("agt_") ? agentName(subject) : "",
    channel: channelName(entry.channel),
    get: (name) => detail[name] ?? "",
    key: (name) => known(detail[name] ?? ""),
    reason: (reason) => a.reasons[reason] ?? reason,
  });
}
