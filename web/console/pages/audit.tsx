// The record, newest first: what it is asked for, whether it is intact, and a sentence for each entry.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Empty, Failure, Field, Icon, Skeleton } from "../../shared/ui";
import * as api from "../api";
import { problemOf, type ApiError } from "../http";
import { channels, keyName, learnKeys, needAgents, needChannels } from "../names";
import { go, href, place } from "../router";
import { may } from "../session";
import { t } from "../text";
import type { AuditEntry } from "../types";
import { Select, type Option } from "../ui/forms";
import { PageFrame } from "../ui/page";
import { Popover } from "../ui/popover";
import { actorName, channelName, Entries } from "./audit/entries";
import { asked, filterOf, groups, isEmpty, spans, type AuditFilter } from "./audit/filter";
import { RecordStatus } from "./audit/status";

const a = t.audit;
const r = t.record;

interface State {
  entries: AuditEntry[];
  next: string;
  phase: "loading" | "ready" | "failed";
  more: "idle" | "loading" | "failed";
  problem: ApiError | null;
}

const blank: State = { entries: [], next: "", phase: "loading", more: "idle", problem: null };

function useAudit(filter: AuditFilter, turn: number): State & { older: () => void } {
  const [state, setState] = useState<State>(blank);
  const current = useRef(0);
  const query = useRef<Record<string, string | undefined>>({});
  const key = JSON.stringify(filter);
  useEffect(() => {
    const abort = new AbortController();
    const mine = ++current.current;
    query.current = asked(filter); // older pages belong to the same moment
    setState((now) => (turn && now.phase === "ready" ? now : blank));
    api.audit(query.current, abort.signal).then(
      (page) => mine === current.current && setState({ entries: page.entries ?? [], next: page.next ?? "", phase: "ready", more: "idle", problem: null }),
      (failure) => mine === current.current && !abort.signal.aborted && setState({ ...blank, phase: "failed", problem: problemOf(failure) }),
    );
    return () => abort.abort();
  }, [key, turn]);
  const older = async () => {
    const mine = current.current;
    setState({ ...state, more: "loading" });
    try {
      const page = await api.audit({ ...query.current, cursor: state.next });
      if (mine !== current.current) return;
      setState((now) => ({ ...now, entries: [...now.entries, ...(page.entries ?? [])], next: page.next ?? "", more: "idle" }));
    } catch {
      if (mine === current.current) setState((now) => ({ ...now, more: "failed" }));
    }
  };
  return { ...state, older: () => void older() };
}

export function AuditPage(): JSX.Element {
  const filter = filterOf(place.value.query);
  const [turn, setTurn] = useState(0);
  const audit = useAudit(filter, turn);
  useEffect(() => {
    needAgents();
    needChannels();
  }, []);
  useKeyNames();
  return (
    <PageFrame
      title={a.title}
      subtitle={a.subtitle}
      action={
        <div class="audit__actions">
          <Export filter={filter} />
          <Button icon="retry" onClick={() => setTurn(turn + 1)}>
            {a.reload}
          </Button>
        </div>
      }
    >
      <RecordStatus turn={turn} />
      <Filters filter={filter} />
      {audit.phase === "failed" && audit.problem && <Failure title={a.failed} error={audit.problem} retry={() => setTurn(turn + 1)} />}
      {audit.phase === "loading" && (
        <div class="page__skeleton">
          <Skeleton lines={8} height={20} />
        </div>
      )}
      {audit.phase === "ready" && <Found audit={audit} filtered={!isEmpty(filter)} />}
    </PageFrame>
  );
}

function Found({ audit, filtered }: { audit: ReturnType<typeof useAudit>; filtered: boolean }): JSX.Element {
  if (audit.entries.length === 0 && !audit.next) return <NoEntries filtered={filtered} />;
  return (
    <>
      <Entries entries={audit.entries} />
      <div class="audit__more">
        {audit.entries.length === 0 && <p class="dim">{r.nothingYet}</p>}
        {audit.next ? (
          <Button busy={audit.more === "loading"} onClick={audit.older}>
            {audit.more === "failed" ? t.common.retry : filtered ? r.searchOn : r.more}
          </Button>
        ) : (
          <p class="dim">{a.end}</p>
        )}
      </div>
    </>
  );
}

function NoEntries({ filtered }: { filtered: boolean }): JSX.Element {
  if (!filtered)
    return (
      <Empty icon="verified" title={r.emptyTitle} text={r.emptyText}>
        {may("keys.read") && (
          <a class="button button--primary" href={href("/identity")}>
            {r.emptyAction}
          </a>
        )}
      </Empty>
    );
  return (
    <Empty icon="search" title={r.noneTitle} text={r.noneText}>
      <a class="button button--plain" href={href("/audit")}>
        {r.clear}
      </a>
    </Empty>
  );
}

const show = (filter: AuditFilter) => go(href("/audit", filter));

function Filters({ filter }: { filter: AuditFilter }): JSX.Element {
  const what = filter.action ?? (filter.group ? `group:${filter.group}` : "");
  const span = filter.since && spans[filter.since] ? filter.since : filter.from !== undefined || filter.to !== undefined ? "days" : "";
  const setWhat = (value: string) => {
    const { action: _, group: __, ...rest } = filter;
    show(value.startsWith("group:") ? { ...rest, group: value.slice(6) } : { ...rest, action: value });
  };
  const setSpan = (value: string) => {
    const { since: _, from: __, to: ___, ...rest } = filter;
    show(value === "days" ? { ...rest, from: today(-7), to: today() } : { ...rest, since: value });
  };
  return (
    <div class="audit__filters">
      <div class="filters">
        <Select label={r.what} value={what} onValue={setWhat} options={actionOptions()} />
        <Select
          label={a.channel}
          value={filter.channel ?? ""}
          onValue={(channel) => show({ ...filter, channel })}
          options={[{ value: "", label: a.anyChannel }, ...(channels.value ?? []).map((c) => ({ value: c.id, label: c.name || c.slug }))]}
        />
        <Select label={r.since} value={span} onValue={setSpan} options={Object.entries(r.spans).map(([value, label]) => ({ value, label }))} />
        {may("conversations.read") && <PersonSearch filter={filter} />}
      </div>
      {span === "days" && (
        <div class="filters">
          <Day label={r.from} value={filter.from} onValue={(from) => show({ ...filter, from })} />
          <Day label={r.to} value={filter.to} onValue={(to) => show({ ...filter, to })} />
        </div>
      )}
      <Chips filter={filter} />
    </div>
  );
}

function today(days = 0): string {
  const at = new Date();
  at.setDate(at.getDate() + days);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
}

function actionOptions(): Option<string>[] {
  return [
    { value: "", label: r.everything },
    ...Object.entries(groups).flatMap(([group, actions]) => [
      { value: `group:${group}`, label: r.all(r.groups[group] ?? group) },
      ...actions.map((action) => ({ value: action, label: `\u2003${a.names[action] ?? action}` })),
    ]),
  ];
}

function Day({ label, value, onValue }: { label: string; value: string | undefined; onValue: (value: string) => void }): JSX.Element {
  return (
    <label class="field">
      <span class="field__label">{label}</span>
      <input class="input" type="date" value={value ?? ""} max={today()} onChange={(event) => onValue(event.currentTarget.value)} />
    </label>
  );
}

function PersonSearch({ filter }: { filter: AuditFilter }): JSX.Element {
  const [value, setValue] = useState(filter.person ?? "");
  useEffect(() => setValue(filter.person ?? ""), [filter.person]);
  const find = (event: Event) => {
    event.preventDefault();
    const { subject: _, ...rest } = filter;
    show({ ...rest, person: value.trim() });
  };
  return (
    <form class="audit__person" role="search" onSubmit={find}>
      <Field label={r.person} type="search" value={value} onValue={setValue} placeholder={r.personPlaceholder} autocomplete="off" />
      <Button type="submit">{r.find}</Button>
    </form>
  );
}

/** What was chosen by following a link in an entry, each with its way out. */
function Chips({ filter }: { filter: AuditFilter }): JSX.Element | null {
  const chips: [keyof AuditFilter, string][] = [];
  if (filter.actor) chips.push(["actor", r.onlyActor(actorName(filter.actor))]);
  if (filter.subject) chips.push(["subject", r.onlySubject(filter.subject)]);
  if (filter.person) chips.push(["person", r.onlyPerson(filter.person)]);
  if (filter.key) chips.push(["key", r.onlyKey(keyName({ id: filter.key }))]);
  if (filter.reason) chips.push(["reason", r.onlyReason(a.reasons[filter.reason] ?? filter.reason)]);
  if (filter.channel && !channels.value?.some((c) => c.id === filter.channel)) chips.push(["channel", `${a.channel}: ${channelName(filter.channel)}`]);
  if (!chips.length) return null;
  return (
    <ul class="audit__chips">
      {chips.map(([name, words]) => (
        <li key={name}>
          <button type="button" class="audit__chip" aria-label={r.drop(words)} onClick={() => show({ ...filter, [name]: "" })}>
            <bdi>{words}</bdi>
            <Icon name="close" />
          </button>
        </li>
      ))}
      {!isEmpty(filter) && (
        <li>
          <a class="audit__link" href={href("/audit")}>
            {r.clear}
          </a>
        </li>
      )}
    </ul>
  );
}

function Export({ filter }: { filter: AuditFilter }): JSX.Element {
  return (
    <Popover label={r.exporting} align="end" button={(props) => <Button {...props}>{r.exporting}</Button>}>
      {(close) => (
        <div class="audit__export">
          <p class="field__hint">{r.exportHint}</p>
          {(["csv", "jsonl"] as const).map((format) => (
            <a key={format} class="button button--plain button--wide" href={api.auditExport({ ...asked(filter), format })} download="" onClick={close}>
              {format === "csv" ? r.exportCsv : r.exportJsonl}
            </a>
          ))}
        </div>
      )}
    </Popover>
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
