// A person's open sessions, ended one by one or all, and which proofs are refused since.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Notice, TierBadge, toast } from "../../shared/ui";
import * as api from "../api";
import { problemOf } from "../http";
import { keyName } from "../names";
import { may } from "../session";
import { t } from "../text";
import { exact, isTime, moment } from "../time";
import type { Contact, VisitorSession } from "../types";
import { ask, explain } from "../ui/ask";
import { Check } from "../ui/forms";
import type { Resource } from "../ui/resource";
import { When } from "../ui/when";

const p = t.person;
const w = t.personal;

export function Sessions({ contact, resource }: { contact: Contact; resource: Resource<Contact> }): JSX.Element {
  const live = (contact.sessions ?? []).filter((s) => !isTime(s.ended_at) && Date.parse(s.expires_at) > Date.now());
  const manage = may("people.manage");
  const proved = contact.kind === "verified" || contact.kind === "either";
  return (
    <>
      <Refused contact={contact} resource={resource} />
      {live.length === 0 && <p class="dim">{p.sessionsNone}</p>}
      <ul class="sessions">
        {live.map((session) => (
          <SessionLine key={session.id} session={session} contact={contact} resource={resource} manage={manage} />
        ))}
      </ul>
      {manage && (live.length > 0 || proved) && (
        <Button kind="quiet" onClick={() => askSignOut(contact, live.length, proved, resource)}>
          {w.signOut}
        </Button>
      )}
    </>
  );
}

function askSignOut(contact: Contact, open: number, proved: boolean, resource: Resource<Contact>): void {
  const wish = { bare: false };
  ask({
    title: w.endAllTitle(open),
    body: (
      <>
        <p>{w.endAllBody}</p>
        {proved && <BareChoice onValue={(bare) => (wish.bare = bare)} />}
      </>
    ),
    action: w.signOut,
    danger: true,
    run: async () => {
      const { ended } = await api.signOutContact(contact.id, wish.bare);
      toast(w.endedAll(ended));
      await resource.reload();
    },
  });
}

function BareChoice({ onValue }: { onValue: (bare: boolean) => void }): JSX.Element {
  const [bare, setBare] = useState(false);
  return (
    <Check
      label={w.bareLabel}
      hint={w.bareHint}
      checked={bare}
      onValue={(checked) => {
        setBare(checked);
        onValue(checked);
      }}
    />
  );
}

/** What is refused of this person's proofs, and how to let hashes in again. */
function Refused({ contact, resource }: { contact: Contact; resource: Resource<Contact> }): JSX.Element | null {
  const until = contact.bare_hashes_refused_until;
  const bare = isTime(until) && Date.parse(until) > Date.now();
  if (!bare) return isTime(contact.not_before) ? <p class="dim small">{w.notBefore(exact(contact.not_before))}</p> : null;
  const allow = async () => {
    try {
      await api.setBareHashes(contact.id, false);
      toast(w.bareAllowed);
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
    }
    void resource.reload();
  };
  return (
    <Notice kind="warn">
      {until.startsWith("9999") ? w.bareRefused : w.bareRefusedUntil(exact(until))}
      {may("people.manage") && (
        <>
          {" "}
          <button type="button" class="link" onClick={() => void allow()}>
            {w.bareAllow}
          </button>
        </>
      )}
    </Notice>
  );
}

function SessionLine({ session, contact, resource, manage }: {
  session: VisitorSession;
  contact: Contact;
  resource: Resource<Contact>;
  manage: boolean;
}): JSX.Element {
  const device = session.device || w.device;
  const end = async () => {
    resource.set({ ...contact, sessions: (contact.sessions ?? []).filter((s) => s.id !== session.id) });
    try {
      await api.endSession(contact.id, session.id);
      toast(p.endedToast);
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
    }
    void resource.reload();
  };
  const method = session.method ? (t.methods[session.method] ?? session.method) : "";
  return (
    <li class="session">
      <div class="session__what">
        <TierBadge tier={session.tier} />
        <span class="session__device" title={session.user_agent}>
          {device}
        </span>
      </div>
      <span class="session__line">
        {[t.platforms[session.platform] ?? session.platform, session.origin?.replace(/^https?:\/\//, "")].filter(Boolean).join(" · ")}
      </span>
      {method && <span class="session__line">{[method, keyName(session.key)].filter(Boolean).join(" · ")}</span>}
      <span class="session__line">
        <span title={exact(session.created_at)}>{w.opened(moment(session.created_at))}</span> · <When at={session.seen_at ?? session.created_at} /> · {p.expires("")}
        <When at={session.expires_at} as="left" />
      </span>
      {manage && (
        <Button kind="quiet" class="session__end" aria-label={p.endSessionLabel(device)} onClick={() => void end()}>
          {p.endSession}
        </Button>
      )}
    </li>
  );
}
