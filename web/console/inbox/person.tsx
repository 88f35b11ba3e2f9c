// Who this is, and how we know. What was proved stands apart from what was said,
// and every value says where it came from.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sharedText } from "../../shared/text";
import { Avatar, Button, Failure, Icon, IconButton, Notice, Skeleton, TierBadge, toast, type Tier } from "../../shared/ui";
import * as api from "../api";
import { touchedContact } from "../live";
import { keyName, learnKeys, personName } from "../names";
import { may } from "../session";
import { t } from "../text";
import { exact, isTime, moment } from "../time";
import type { Contact, Identifier, Named, Row, ViewName } from "../types";
import { ask } from "../ui/ask";
import { CopyIcon } from "../ui/copy";
import { Glyph } from "../ui/glyph";
import { useResource, type Resource } from "../ui/resource";
import { When } from "../ui/when";
import { blockedContact, conversationHref } from "./panes";
import { Conflicts, ReleaseMenu } from "./person-conflicts";
import { File } from "./person-file";
import { ImportedBadge, ImportedNames, ImportedStanding } from "./imported";
import { Part } from "./person-part";
import { Sessions } from "./person-sessions";
import { Attributes } from "./person-values";
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
        {row ? <Loaded id={row.contact.id} row={row} view={view} /> : <Waiting />}
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

/** Over a page that has no thread: who one of its sessions is. */
export function PersonDrawer({ id, onClose }: { id: string; onClose: () => void }): JSX.Element {
  const pane = useRef<HTMLElement>(null);
  useEffect(() => pane.current?.focus(), []);
  return (
    <>
      <div class="drawer-scrim drawer-scrim--always" onClick={onClose} />
      <aside
        ref={pane}
        class="person person--over"
        aria-label={p.label}
        tabIndex={-1}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || event.defaultPrevented) return;
          event.stopPropagation();
          onClose();
        }}
      >
        <header class="person__bar">
          <h2>{p.label}</h2>
          <IconButton icon="close" label={t.thread.hidePerson} onClick={onClose} />
        </header>
        <Loaded id={id} view="open" />
      </aside>
    </>
  );
}

function Loaded({ id, row, view }: { id: string; row?: Row; view: ViewName }): JSX.Element {
  const person = useResource(async () => {
    const contact = await api.contact(id);
    blockedContact.value = contact.blocked ? contact.id : "";
    const facts = [...(contact.identifiers ?? []), ...(contact.attributes ?? []), ...(contact.sessions ?? [])];
    learnKeys([...facts.map((fact) => fact.key), ...(contact.conflicts ?? []).flatMap((c) => [c.key, c.held_key])]);
    return contact;
  }, [id]);
  const touched = touchedContact.value;
  useEffect(() => {
    if (person.data) void person.reload();
  }, [row?.tier, touched.id === id ? touched.at : 0]);
  if (person.problem?.code === "not_found") return <p class="person__part dim">{t.personal.gone}</p>;
  if (person.problem && !person.data) return <Failure title={p.failed} error={person.problem} retry={() => void person.reload()} />;
  if (!person.data) return <Waiting />;
  return <Facts contact={person.data} row={row} view={view} resource={person} />;
}

function Facts({ contact, row, view, resource }: { contact: Contact; row?: Row | undefined; view: ViewName; resource: Resource<Contact> }): JSX.Element {
  const others = (contact.conversations ?? []).filter((other) => other.id !== row?.id);
  return (
    <div class="person__body">
      <div class="person__part person__card">
        <Avatar name={faceOf(contact)} size={40} />
        <div class="person__title">
          <h3 class="person__name" dir="auto">
            {personName(contact)}
          </h3>
          {contact.kind === "imported" ? <ImportedBadge /> : <TierBadge tier={tierOf(contact)} />}
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
          <Conflicts contact={contact} resource={resource} />
        </Part>
      )}
      {contact.kind === "imported" && <ImportedNames contact={contact} />}
      {contact.kind !== "anonymous" && contact.kind !== "claimed" && contact.kind !== "imported" && (
        <Part title={p.identifiers}>
          {(contact.identifiers ?? []).length === 0 ? (
            <p class="dim">{p.identifiersNone}</p>
          ) : (
            <ul class="values">
              {(contact.identifiers ?? []).map((identifier) => (
                <IdentifierLine key={identifier.kind + identifier.value} identifier={identifier} contact={contact} resource={resource} />
              ))}
            </ul>
          )}
        </Part>
      )}
      <Part title={p.attributes}>
        <Attributes contact={contact} resource={resource} />
      </Part>
      {contact.kind !== "imported" && (
        <Part title={p.sessions}>
          <Sessions contact={contact} resource={resource} />
        </Part>
      )}
      <Part title={row ? p.others : t.personal.conversations}>
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
      <File contact={contact} onErased={() => void resource.reload()} />
    </div>
  );
}

function tierOf(contact: Contact): Tier {
  if (contact.kind === "verified" || contact.kind === "either") return "verified";
  return contact.kind === "imported" ? "claimed" : contact.kind;
}

/** What initials are made of: a label may end with an identifier in brackets, which is no name. */
function faceOf(contact: Contact): string {
  return contact.kind === "anonymous" ? "" : contact.label.replace(/\s*\([^)]*\)$/, "");
}

/** The sentence that an agent must be able to trust: what is known of this person, and by what. */
function Standing({ contact }: { contact: Contact }): JSX.Element {
  const first = (contact.identifiers ?? [])[0];
  if (contact.kind === "imported") return <ImportedStanding contact={contact} />;
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

function IdentifierLine({ identifier, contact, resource }: { identifier: Identifier; contact: Contact; resource: Resource<Contact> }): JSX.Element {
  const kind = t.kinds[identifier.kind] ?? identifier.kind;
  return (
    <li class="value">
      <span class="value__name">{kind}</span>
      <span class="value__text" dir="auto">
        {identifier.value}
      </span>
      <span class="value__acts">
        <CopyIcon text={identifier.value} what={kind} />
        {may("people.manage") && contact.kind === "verified" && <ReleaseMenu kind={identifier.kind} value={identifier.value} contact={contact} resource={resource} />}
      </span>
      <span class="value__from">
        {[identifier.method ? (t.methods[identifier.method] ?? identifier.method) : "", keyName(identifier.key), isTime(identifier.at) ? moment(identifier.at) : ""]
          .filter(Boolean)
          .join(" · ")}
      </span>
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
  if (!may("people.manage") || contact.kind === "imported") return null;
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
