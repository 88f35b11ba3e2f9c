// What a compromised key proved since somebody else may have had it: all that was cut
// or marked, for a person to decide what follows.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Failure, Notice, Skeleton } from "../../shared/ui";
import * as api from "../api";
import { problemOf, type ApiError } from "../http";
import { conversationHref } from "../inbox/panes";
import { PersonDrawer } from "../inbox/person";
import { may } from "../session";
import { t } from "../text";
import { exact } from "../time";
import type { FindingKind, Key, KeyCut, KeyFinding } from "../types";
import { When } from "../ui/when";

const k = t.keys;

interface Loaded {
  cut: KeyCut;
  since: string;
  rows: KeyFinding[];
  next: string;
}

export function Findings({ subject: key }: { subject: Key }): JSX.Element {
  const [kind, setKind] = useState<FindingKind>("links");
  const [found, setFound] = useState<Loaded | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const [person, setPerson] = useState("");
  const load = async (of: FindingKind, before: Loaded | null) => {
    setProblem(null);
    try {
      const page = await api.keyCompromise(key.id, of, before?.next);
      setFound({ cut: page.cut, since: page.since, rows: [...(before?.rows ?? []), ...(page.findings ?? [])], next: page.next ?? "" });
    } catch (failure) {
      setProblem(problemOf(failure));
    }
  };
  useEffect(() => {
    void load(kind, null);
  }, [key.id, key.compromised_since, kind]);
  if (!found) return problem ? <Failure title={k.findingsFailed} error={problem} retry={() => void load(kind, null)} /> : <Skeleton lines={2} height={20} />;
  const counts: Record<FindingKind, number> = {
    links: found.cut.links,
    claims: found.cut.claims,
    attributes: found.cut.attributes,
    conversations: found.cut.messages,
  };
  const kinds = Object.keys(counts) as FindingKind[];
  const nothing = found.cut.done && kinds.every((one) => counts[one] === 0);
  return (
    <section class="findings" aria-label={k.proved}>
      <Notice kind="bad" icon="alert">
        {k.provedSince(exact(found.since))} {nothing ? k.provedNothing : !found.cut.done && k.provedUnfinished}
      </Notice>
      {!nothing && (
        <>
          <div class="findings__kinds" role="group" aria-label={k.proved}>
            {kinds.map((one) => (
              <button key={one} type="button" class="findings__kind" aria-pressed={one === kind} onClick={() => setKind(one)}>
                <span class="findings__count">{counts[one].toLocaleString(t.locale)}</span>
                {k.kinds_[one]}
              </button>
            ))}
          </div>
          <p class="section__hint">{k.kindHints[kind]}</p>
          {problem && <Failure title={k.findingsFailed} error={problem} retry={() => void load(kind, found.next ? found : null)} />}
          {found.rows.length > 0 ? <Rows rows={found.rows} onPerson={setPerson} /> : <p class="dim">{k.provedNone}</p>}
          {found.next && (
            <Button kind="quiet" onClick={() => void load(kind, found)}>
              {k.more}
            </Button>
          )}
        </>
      )}
      {person && <PersonDrawer key={person} id={person} onClose={() => setPerson("")} />}
    </section>
  );
}

function Rows({ rows, onPerson }: { rows: KeyFinding[]; onPerson: (contact: string) => void }): JSX.Element {
  return (
    <ul class="findings__rows">
      {rows.map((row, i) => (
        <li key={i} class="finding">
          <span class="finding__who" dir="auto">
            <Name contact={row.contact} onPerson={onPerson} />
            {row.contact.blocked && <span class="chip"> {k.blockedContact}</span>}
          </span>
          <span class="finding__what" dir="auto">
            {what(row)}
          </span>
          <span class="finding__fate dim">
            {k.fates[row.fate] ?? row.fate} · <When at={row.last_at ?? row.at} />
          </span>
          {row.conversation_id && may("conversations.read") && (
            <a class="button button--plain finding__open" href={conversationHref("open", row.conversation_id)}>
              {k.open}
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}

/** A name leads to what its contact holds, for those who may see people. */
function Name({ contact, onPerson }: { contact: KeyFinding["contact"]; onPerson: (contact: string) => void }): JSX.Element {
  const name = contact.label || t.inbox.visitorName(contact.id.slice(-4).toUpperCase());
  if (!may("conversations.read")) return <>{name}</>;
  return (
    <button type="button" class="link visit__name" onClick={() => onPerson(contact.id)}>
      {name}
    </button>
  );
}

function what(row: KeyFinding): string {
  if (row.messages) return k.messages(row.messages);
  if (!row.name) return "";
  const name = t.kinds[row.name] ?? row.name;
  return row.value === undefined ? name : `${name}: ${shown(row.value)}`;
}

/** An identifier is a text; an attribute's value is JSON. */
function shown(value: string): string {
  try {
    const read: unknown = JSON.parse(value);
    return typeof read === "string" ? read : value;
  } catch {
    return value;
  }
}
