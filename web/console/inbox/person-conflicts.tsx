// An identifier that two people proved: who holds it, since when, and how to let go.

import type { JSX } from "preact";
import { Notice, toast } from "../../shared/ui";
import * as api from "../api";
import { keyName, personName } from "../names";
import { may } from "../session";
import { t } from "../text";
import { exact } from "../time";
import type { Conflict, Contact } from "../types";
import { ask } from "../ui/ask";
import { Glyph } from "../ui/glyph";
import { Menu } from "../ui/popover";
import type { Resource } from "../ui/resource";

const w = t.personal;

export function Conflicts({ contact, resource }: { contact: Contact; resource: Resource<Contact> }): JSX.Element {
  return (
    <>
      {(contact.conflicts ?? []).map((conflict) => (
        <Notice key={conflict.kind + conflict.value + conflict.other.id} kind="warn" icon="alert">
          <ConflictFacts conflict={conflict} />
        </Notice>
      ))}
      <p class="dim small">{w.conflictWhat}</p>
      {may("people.manage") &&
        (contact.conflicts ?? [])
          .filter((conflict) => conflict.holds)
          .map((conflict) => (
            <button key={conflict.value} type="button" class="button button--plain" onClick={() => askRelease(conflict.kind, conflict.value, contact, resource)}>
              {w.releaseLabel(conflict.value)}
            </button>
          ))}
    </>
  );
}

function ConflictFacts({ conflict }: { conflict: Conflict }): JSX.Element {
  const kind = (t.kinds[conflict.kind] ?? conflict.kind).toLowerCase();
  const by = (method: string, key: string) => [t.methods[method] ?? method, key].filter(Boolean).join(", ");
  return (
    <div class="conflict">
      <p>
        {conflict.holds ? w.holds(kind) : w.held(kind)} <strong dir="auto">{personName(conflict.other)}</strong>
      </p>
      <p>
        <bdi class="conflict__value">{conflict.value}</bdi>
      </p>
      <p class="small">
        {w.heldSince(exact(conflict.held_since))} ({by(conflict.held_by, keyName(conflict.held_key))}), {w.lastProved(exact(conflict.last_at))} (
        {by(conflict.method, keyName(conflict.key))})
      </p>
    </div>
  );
}

export function ReleaseMenu({ kind, value, contact, resource }: { kind: string; value: string; contact: Contact; resource: Resource<Contact> }): JSX.Element {
  return (
    <Menu
      label={w.more(value)}
      align="end"
      button={(props) => (
        <button type="button" class="button button--quiet button--icon" aria-label={w.more(value)} {...props}>
          <Glyph name="more" />
        </button>
      )}
      items={[{ label: w.release, danger: true, onChoose: () => askRelease(kind, value, contact, resource) }]}
    />
  );
}

function askRelease(kind: string, value: string, contact: Contact, resource: Resource<Contact>): void {
  ask({
    title: w.releaseTitle(value),
    body: w.releaseBody((contact.sessions ?? []).length),
    action: w.releaseAction,
    danger: true,
    run: async () => {
      await api.release(contact.id, kind, value);
      toast(w.releasedToast);
      await resource.reload();
    },
  });
}
