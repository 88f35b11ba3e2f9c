// The list of one view: filters, search, rows, and the next page when its end is near.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { sharedText } from "../../shared/text";
import { Button, Empty, Failure, Icon, IconButton, Skeleton, TierBadge } from "../../shared/ui";
import { channels, needChannels, personName } from "../names";
import { go, href } from "../router";
import { may, myId } from "../session";
import { t } from "../text";
import type { Row, ViewName } from "../types";
import { Select } from "../ui/forms";
import { Glyph } from "../ui/glyph";
import { Menu } from "../ui/popover";
import { When } from "../ui/when";
import { hasDraft } from "./drafts";
import { ImportedBadge } from "./imported";
import { conversationHref } from "./panes";
import { VIEWS, type Query } from "./reconcile";
import { counts, list, loadList, loadMore, rowSignal } from "./store";

export function ListPane({ view, query, selected }: { view: ViewName; query: Query; selected: string }): JSX.Element {
  const now = list.value;
  const filtered = !!(query.tier || query.channel);
  return (
    <section class="list" aria-label={t.inbox.list}>
      <Head view={view} query={query} />
      <div class="list__body" aria-busy={now.phase === "loading"}>
        {now.phase === "loading" && <Loading />}
        {now.phase === "failed" && now.problem && (
          <Failure title={t.inbox.failed} error={now.problem} retry={() => void loadList(query)} />
        )}
        {now.phase === "ready" && now.ids.length === 0 && <Nothing view={view} query={query} filtered={filtered} />}
        {now.phase === "ready" && now.ids.length > 0 && <Rows view={view} ids={now.ids} selected={selected} />}
        {now.phase === "ready" && <Foot />}
      </div>
    </section>
  );
}

function Loading(): JSX.Element {
  return (
    <div class="rows-skeleton">
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} class="rows-skeleton__row">
          <Skeleton lines={3} height={12} />
        </div>
      ))}
    </div>
  );
}

function Head({ view, query }: { view: ViewName; query: Query }): JSX.Element {
  const [open, setOpen] = useState(!!(query.tier || query.channel));
  const change = (patch: Partial<Query>) => {
    const { tier, channel, q } = { ...query, ...patch };
    go(href(`/inbox/${view}`, { tier, channel, q }), { replace: true });
  };
  useEffect(() => {
    if (open) needChannels();
  }, [open]);
  const active = Number(!!query.tier) + Number(!!query.channel);
  return (
    <header class="list__head">
      <div class="list__title">
        <ViewMenu view={view} />
        <button
          type="button"
          class="button button--quiet list__filter"
          aria-expanded={open}
          aria-controls="inbox-filters"
          onClick={() => setOpen(!open)}
        >
          <Glyph name="filter" />
          {t.inbox.filters}
          {active > 0 && <span class="count">{active}</span>}
        </button>
      </div>
      <Search query={query} onSearch={(q) => change({ q })} />
      <div class="list__filters" id="inbox-filters" hidden={!open}>
        <Select
          bare
          label={t.inbox.filterTier}
          value={query.tier}
          onValue={(tier) => change({ tier })}
          options={[
            { value: "", label: t.anyTier },
            ...(["verified", "claimed", "anonymous"] as const).map((tier) => ({ value: tier, label: sharedText().tiers[tier] })),
            { value: "imported", label: t.history.imported },
          ]}
        />
        <Select
          bare
          label={t.inbox.filterChannel}
          value={query.channel}
          onValue={(channel) => change({ channel })}
          options={[{ value: "", label: t.inbox.anyChannel }, ...(channels.value ?? []).map((c) => ({ value: c.id, label: c.name || c.slug }))]}
        />
        {query.tier === "imported" && (
          <a class="button button--quiet" href={href("/imported")}>
            {t.history.peopleOf}
          </a>
        )}
        {active > 0 && (
          <Button kind="quiet" onClick={() => change({ tier: "", channel: "" })}>
            {t.inbox.clearFilters}
          </Button>
        )}
      </div>
    </header>
  );
}

function ViewMenu({ view }: { view: ViewName }): JSX.Element {
  const name = t.inbox.views[view] ?? view;
  return (
    <>
      <h2 class="list__name list__name--wide">{name}</h2>
      <Menu
        class="views-menu"
        label={t.inbox.viewsLabel}
        button={(props) => (
          <button type="button" class="button button--quiet list__name list__name--narrow" {...props}>
            {name}
            {counts.value && <span class="dim">{counts.value[view].toLocaleString(t.locale)}</span>}
            <Icon name="down" />
          </button>
        )}
        items={VIEWS.map((other) => ({
          label: t.inbox.views[other] ?? other,
          checked: other === view,
          ...(counts.value ? { hint: counts.value[other].toLocaleString(t.locale) } : {}),
          onChoose: () => go(href(`/inbox/${other}`)),
        }))}
      />
    </>
  );
}

function Search({ query, onSearch }: { query: Query; onSearch: (q: string) => void }): JSX.Element {
  const [text, setText] = useState(query.q);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setText(query.q), [query.q]);
  const type = (value: string) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(value.trim()), 250);
  };
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        clearTimeout(timer.current);
        onSearch(text.trim());
      }}
    >
      <Icon name="search" />
      <input
        id="inbox-search"
        class="input search__input"
        type="search"
        value={text}
        placeholder={t.inbox.searchHint}
        aria-label={t.inbox.search}
        dir="auto"
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (text) type("");
          event.currentTarget.blur();
        }}
      />
      {text && (
        <IconButton
          class="mini search__clear"
          icon="close"
          label={t.inbox.clearSearch}
          onClick={() => {
            setText("");
            onSearch("");
          }}
        />
      )}
    </form>
  );
}

function Nothing({ view, query, filtered }: { view: ViewName; query: Query; filtered: boolean }): JSX.Element {
  if (query.q) return <Empty icon="search" title={t.inbox.emptySearch(query.q)} text={t.inbox.emptySearchHint} />;
  if (filtered)
    return (
      <Empty icon="search" title={t.inbox.emptyFilter}>
        <a class="button button--plain" href={href(`/inbox/${view}`)}>
          {t.inbox.clearFilters}
        </a>
      </Empty>
    );
  const all = counts.value;
  if (view === "open" && all && all.open + all.snoozed + all.closed === 0)
    return (
      <Empty icon="chat" title={t.inbox.emptyFirst[0]} text={t.inbox.emptyFirst[1]}>
        {may("channels.read") && (
          <a class="button button--primary" href={href("/channels")}>
            {t.inbox.toChannels}
          </a>
        )}
      </Empty>
    );
  const [title, text] = t.inbox.empty[view] ?? ["", ""];
  return <Empty icon="check" title={title} text={text} />;
}

function Rows({ view, ids, selected }: { view: ViewName; ids: string[]; selected: string }): JSX.Element {
  const entry = ids.includes(selected) ? selected : ids[0];
  const walk = (event: KeyboardEvent) => {
    const links = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("a.row")];
    const at = links.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    links[Math.max(0, Math.min(links.length - 1, to))]?.focus();
  };
  return (
    <ul class="rows" onKeyDown={walk}>
      {ids.map((id) => (
        <RowLine key={id} id={id} view={view} current={id === selected} entry={id === entry} />
      ))}
    </ul>
  );
}

function RowLine({ id, view, current, entry }: { id: string; view: ViewName; current: boolean; entry: boolean }): JSX.Element | null {
  const row = rowSignal(id)?.value;
  const ref = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (current) ref.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  if (!row) return null;
  return (
    <li class="rows__item">
      <a
        ref={ref}
        class={row.unread > 0 ? "row row--unread" : "row"}
        href={conversationHref(view, id)}
        aria-current={current ? "true" : undefined}
        tabIndex={entry ? 0 : -1}
      >
        <span class="row__top">
          <span class="row__name">
            <bdi>{personName(row.contact)}</bdi>
          </span>
          <span class="row__time">
            <When at={row.last_at} as="brief" />
          </span>
        </span>
        <span class="row__preview">
          {row.last_author === "agent" && <span class="row__who">{t.inbox.teamSaid} </span>}
          <bdi>{row.preview || t.inbox.noPreview}</bdi>
        </span>
        <span class="row__foot">
          {row.contact.kind === "imported" ? <ImportedBadge /> : <TierBadge tier={row.tier} />}
          <span class="row__channel" dir="auto">
            {row.channel.name || row.channel.slug}
          </span>
          <Marks row={row} />
        </span>
      </a>
    </li>
  );
}

function Marks({ row }: { row: Row }): JSX.Element {
  return (
    <span class="row__marks">
      {hasDraft(row.id) && <span class="row__draft">{t.inbox.draft}</span>}
      {row.assignee && (
        <span class="row__assignee" dir="auto" title={t.inbox.assignedTo(row.assignee.name)}>
          <span class="sr-only">{t.inbox.assignedToWord} </span>
          {row.assignee.id === myId() ? t.common.you : row.assignee.name}
        </span>
      )}
      {row.unread > 0 && (
        <span class="count">
          <span aria-hidden="true">{row.unread > 99 ? "99+" : row.unread}</span>
          <span class="sr-only">{t.inbox.unread(row.unread)}</span>
        </span>
      )}
    </span>
  );
}

/** Asks for the next page when the end of the list comes near. */
function Foot(): JSX.Element | null {
  const ref = useRef<HTMLDivElement>(null);
  const { next, more, ids } = list.value;
  useEffect(() => {
    const element = ref.current;
    if (!element || !next || more !== "idle") return;
    const seen = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && void loadMore(), {
      root: element.closest(".list__body"),
      rootMargin: "600px",
    });
    seen.observe(element);
    return () => seen.disconnect();
  }, [next, more, ids.length]);
  if (!next) return ids.length > 12 ? <p class="list__end">{t.inbox.end}</p> : null;
  return (
    <div ref={ref} class="list__more">
      {more === "failed" ? (
        <Button icon="retry" onClick={() => void loadMore()}>
          {t.inbox.moreFailed}. {t.common.retry}
        </Button>
      ) : (
        <Skeleton lines={2} height={12} />
      )}
    </div>
  );
}
