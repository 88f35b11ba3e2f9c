// Who this is, and how we know. What was proved stands apart from what was said,
// and every value says where it came from.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sharedText } from "../../shared/text";
import { Avatar, Button, Failure, Icon, IconButton, Notice, Skeleton, TierBadge, toast, type Tier } from "../../shared/ui";
import * as api from "../api";
import { touchedContact } from "../live";
import { keyName, learnKeys, personName } from "../names";
import { may } from "../session";
import { t } from "../text";
import { exact, isTime } from "../time";
import type { Attribute, Contact, Identifier, Named, Row, ViewName, VisitorSession } from "../types";
import { ask } from "../ui/ask";
import { CopyIcon } from "../ui/copy";
import { Glyph } from "../ui/glyph";
import { useResource, type Resource } from "../ui/resource";
import { When } from "../ui/when";
import { blockedContact, conversationHref } from "./panes";
import { rowSignal } from "./store";

const p = t.person;

export function PersonPane({ id, view, onClose, modal }: { id: string; view: ViewName; onClose: () => void; modal: boolean }): JSX.Element {
  const row = rowSignal(id)?.value;
  const pane = useRef<HTMLElement>(null);
  useEffect(() => {
    if (modal) pane.current?.focus();
  }, [modal]);
  return (
    <>
      {modal && <div class="drawer-scrim" onClick={onClose} />}
      <aside
        ref={pane}
        class="person"
        aria-label={p.label}
        tabIndex={-1}
        onKeyDown={(event) => {
          if (!modal || event.key !== "Escape" || event.defaultPrevented) return;
          event.stopPropagation();
          onClose();
        }}
      >
        <header class="person__bar">
          <h2>{p.label}</h2>
          <IconButton icon="close" label={t.thread.hidePerson} onClick={onClose} />
        </header>
        {row ? <Loaded row={row} view={view} /> : <Waiting />}
      </aside>
    </>
  );
}

function Waiting(): JSX.Element {
  return (
    <div class="person__part">
      <Skeleton lines={4} height={16} />
    </div>
  );
}

function Loaded({ row, view }: { row: Row; view: ViewName }): JSX.Element {
  const person = useResource(async () => {
    const contact = await api.contact(row.contact.id);
    blockedContact.value = contact.blocked ? contact.id : "";
    learnKeys([...(contact.identifiers ?? []), ...(contact.attributes ?? []), ...(contact.sessions ?? [])].map((fact) => fact.key));
    return contact;
  }, [row.contact.id]);
  const touched = touchedContact.value;
  useEffect(() => {
    if (person.data) void person.reload();
  }, [row.tier, touched.id === row.contact.id ? touched.at : 0]);
  if (person.problem && !person.data) return <Failure title={p.failed} error={person.problem} retry={() => void person.reload()} />;
  if (!person.data) return <Waiting />;
  return <Facts contact={person.data} row={row} view={view} resource={person} />;
}

function Facts({ contact, row, view, resource }: { contact: Contact; row: Row; view: ViewName; resource: Resource<Contact> }): JSX.Element {
  const others = (contact.conversations ?? []).filter((other) => other.id !== row.id);
  return (
    <div class="person__body">
      <div class="person__part person__card">
        <Avatar name={faceOf(contact)} size={40} />
        <div class="person__title">
          <h3 class="person__name" dir="auto">
            {personName(contact)}
          </h3>
          <TierBadge tier={tierOf(contact)} />
        </div>
      </div>
      {contact.blocked && (
        <div class="person__part">
          <Notice kind="bad">
            <strong>{p.blocked}.</strong> {p.blockedHint}
          </Notice>
        </div>
      )}
      <div class="person__part">
        <Standing contact={contact} />
      </div>
      {(contact.conflicts ?? []).length > 0 && (
        <Part title={p.conflicts}>
          <Notice kind="warn" icon="alert">
            {p.conflictsHint}
            <ul>
              {(contact.conflicts ?? []).map((c) => (
                <li key={c.kind + c.value}>
                  {t.kinds[c.kind] ?? c.kind}: <bdi>{c.value}</bdi>
                </li>
              ))}
            </ul>
          </Notice>
        </Part>
      )}
      {contact.kind !== "anonymous" && contact.kind !== "claimed" && (
        <Part title={p.identifiers}>
          {(contact.identifiers ?? []).length === 0 ? (
            <p class="dim">{p.identifiersNone}</p>
          ) : (
            <ul class="values">
              {(contact.identifiers ?? []).map((identifier) => (
                <IdentifierLine key={identifier.kind + identifier.value} identifier={identifier} />
              ))}
            </ul>
          )}
        </Part>
      )}
      <Part title={p.attributes}>
        <Attributes attributes={contact.attributes ?? []} />
      </Part>
      <Part title={p.sessions}>
        <Sessions contact={contact} resource={resource} />
      </Part>
      <Part title={p.others}>
        {others.length === 0 ? <p class="dim">{p.othersNone}</p> : <Others rows={others} view={view} />}
      </Part>
      <Part title={p.since}>
        <p>
          <When at={contact.created_at} as="exact" />
          {isTime(contact.seen_at) && (
            <span class="dim">
              {" "}
              · {p.lastSeen.toLowerCase()} <When at={contact.seen_at} />
            </span>
          )}
        </p>
        <BlockButton contact={contact} resource={resource} />
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="person__part">
      <h3 class="person__heading">{title}</h3>
      {children}
    </section>
  );
}

function tierOf(contact: Contact): Tier {
  if (contact.kind === "verified" || contact.kind === "either") return "verified";
  return contact.kind;
}

/** What initials are made of: a label may end with an identifier in brackets, which is no name. */
function faceOf(contact: Contact): string {
  return contact.kind === "anonymous" ? "" : contact.label.replace(/\s*\([^)]*\)$/, "");
}

/** The sentence that an agent must be able to trust: what is known of this person, and by what. */
function Standing({ contact }: { contact: Contact }): JSX.Element {
  const first = (contact.identifiers ?? [])[0];
  if (tierOf(contact) === "verified")
    return (
      <div class="proof proof--verified">
        <Icon name="verified" />
        <div>
          <p class="proof__title">{first ? p.verifiedBy(t.kinds[first.kind] ?? first.kind) : sharedText().tiers.verified}</p>
          {first && <ProofLine {...first} />}
          <p class="proof__more">
            {first?.method === "setting" ? p.settingSentence : contact.kind === "either" ? p.eitherSentence : p.verifiedSentence}
          </p>
        </div>
      </div>
    );
  if (contact.kind === "claimed")
    return (
      <div class="proof proof--claimed">
        <Icon name="claimed" />
        <div>
          <p class="proof__title">{p.claimedTitle}</p>
          <p dir="auto">{contact.label ? p.claimedSentence(contact.label) : p.claimedNobody}</p>
        </div>
      </div>
    );
  return (
    <div class="proof">
      <Icon name="anonymous" />
      <div>
        <p class="proof__title">{p.anonymousTitle}</p>
        <p>{p.anonymousSentence}</p>
      </div>
    </div>
  );
}

function ProofLine({ method, key: signedBy, at }: { method?: string; key?: Named | null; at?: string }): JSX.Element {
  const words = [
    method ? p.proved(t.methods[method] ?? method) : "",
    signedBy ? p.withKey(keyName(signedBy)) : "",
    isTime(at) ? p.at(exact(at)) : "",
  ].filter(Boolean);
  return <p dir="auto">{words.join(" ")}.</p>;
}

function IdentifierLine({ identifier }: { identifier: Identifier }): JSX.Element {
  const kind = t.kinds[identifier.kind] ?? identifier.kind;
  return (
    <li class="value">
      <span class="value__name">{kind}</span>
      <span class="value__text" dir="auto">
        {identifier.value}
      </span>
      <CopyIcon text={identifier.value} what={kind} />
      <span class="value__from">
        {[identifier.method ? (t.methods[identifier.method] ?? identifier.method) : "", keyName(identifier.key)].filter(Boolean).join(" · ")}
      </span>
    </li>
  );
}

const order: Record<string, number> = { signed: 0, agent: 1, email: 2, claimed: 3 };

/** Values of one name stand side by side, the strongest provenance first. */
function Attributes({ attributes }: { attributes: Attribute[] }): JSX.Element {
  if (attributes.length === 0) return <p class="dim">{p.attributesNone}</p>;
  const byName = new Map<string, Attribute[]>();
  for (const attribute of attributes) byName.set(attribute.name, [...(byName.get(attribute.name) ?? []), attribute]);
  return (
    <dl class="attributes">
      {[...byName].map(([name, values]) => (
        <div key={name} class="attribute">
          <dt>{name}</dt>
          {[...values]
            .sort((a, b) => (order[a.provenance] ?? 9) - (order[b.provenance] ?? 9))
            .map((value) => (
              <dd key={value.provenance} class="attribute__value">
                <span dir="auto">{shown(value.value)}</span>
                <Provenance value={value} />
              </dd>
            ))}
        </div>
      ))}
    </dl>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Provenance({ value }: { value: Attribute }): JSX.Element {
  const signed = value.provenance === "signed";
  const title = [p.provenanceHints[value.provenance] ?? "", keyName(value.key), isTime(value.at) ? exact(value.at) : ""].filter(Boolean).join(" · ");
  return (
    <span class={`from from--${value.provenance}`} title={title}>
      {signed ? <Icon name="verified" /> : value.provenance === "claimed" ? <Icon name="claimed" /> : null}
      {p.provenance[value.provenance] ?? value.provenance}
    </span>
  );
}

/** "Chrome on macOS" out of a browser's long name for itself: a hint, since anybody can send any. */
export function browserOf(agent: string | undefined): string {
  if (!agent) return "";
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /HeadlessChrome|Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "";
  const system = /iPhone|iPad/.test(agent) ? "iOS" : /Android/.test(agent) ? "Android" : /Mac OS X/.test(agent) ? "macOS" : /Windows/.test(agent) ? "Windows" : /Linux|CrOS/.test(agent) ? "Linux" : "";
  return [browser, system].filter(Boolean).join(", ") || agent.slice(0, 40);
}

function Sessions({ contact, resource }: { contact: Contact; resource: Resource<Contact> }): JSX.Element {
  const live = (contact.sessions ?? []).filter((s) => !isTime(s.ended_at) && Date.parse(s.expires_at) > Date.now());
  if (live.length === 0) return <p class="dim">{p.sessionsNone}</p>;
  const manage = may("people.manage");
  const endAll = () =>
    ask({
      title: p.endAllAsk(live.length),
      body: p.endAllBody,
      action: p.endAll,
      danger: true,
      run: async () => {
        await api.endSessions(contact.id);
        toast(p.endedAllToast);
        void resource.reload();
      },
    });
  return (
    <>
      <ul class="sessions">
        {live.map((session) => (
          <SessionLine key={session.id} session={session} contact={contact} resource={resource} manage={manage} />
        ))}
      </ul>
      {manage && live.length > 1 && (
        <Button kind="quiet" onClick={endAll}>
          {p.endAll}
        </Button>
      )}
    </>
  );
}

function SessionLine({ session, contact, resource, manage }: {
  session: VisitorSession;
  contact: Contact;
  resource: Resource<Contact>;
  manage: boolean;
}): JSX.Element {
  const what = [t.platforms[session.platform] ?? session.platform, browserOf(session.user_agent)].filter(Boolean).join(" · ");
  const end = async () => {
    resource.set({ ...contact, sessions: (contact.sessions ?? []).filter((s) => s.id !== session.id) });
    try {
      await api.endSession(contact.id, session.id);
      toast(p.endedToast);
    } catch {
      toast(t.problem.title, "bad");
    }
    void resource.reload();
  };
  return (
    <li class="session">
      <div class="session__what">
        <TierBadge tier={session.tier} />
        <span class="session__device">{what}</span>
      </div>
      {session.origin && (
        <span class="session__line" dir="ltr">
          {session.origin.replace(/^https?:\/\//, "")}
        </span>
      )}
      <span class="session__line">
        {session.key && <>{keyName(session.key)} · </>}
        <When at={session.seen_at ?? session.created_at} /> · {p.expires("")}
        <When at={session.expires_at} as="left" />
      </span>
      {manage && (
        <Button kind="quiet" class="session__end" aria-label={p.endSessionLabel(what)} onClick={() => void end()}>
          {p.endSession}
        </Button>
      )}
    </li>
  );
}

function Others({ rows, view }: { rows: Row[]; view: ViewName }): JSX.Element {
  return (
    <ul class="others">
      {rows.map((row) => (
        <li key={row.id}>
          <a class="other" href={conversationHref(view, row.id)}>
            <span class="other__preview" dir="auto">
              {row.preview || t.inbox.noPreview}
            </span>
            <span class="other__line">
              {t.inbox.views[row.status] ?? row.status} · <When at={row.last_at} as="brief" />
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function BlockButton({ contact, resource }: { contact: Contact; resource: Resource<Contact> }): JSX.Element | null {
  if (!may("people.manage")) return null;
  const live = (contact.sessions ?? []).filter((s) => Date.parse(s.expires_at) > Date.now()).length;
  const set = async (blocked: boolean) => {
    await api.block(contact.id, blocked);
    toast(blocked ? p.blockedToast : p.unblockedToast);
    await resource.reload();
  };
  if (contact.blocked)
    return (
      <Button onClick={() => void set(false).catch(() => toast(t.problem.title, "bad"))}>{p.unblock}</Button>
    );
  return (
    <Button
      kind="danger"
      onClick={() =>
        ask({
          title: p.blockAsk(personName(contact)),
          body: p.blockBody(live),
          action: p.block,
          danger: true,
          run: () => set(true),
        })
      }
    >
      <Glyph name="block" />
      {p.block}
    </Button>
  );
}
