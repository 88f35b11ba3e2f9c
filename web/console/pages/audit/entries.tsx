// The entries of the record: a sentence for each, under its day, and what was written under that.

import type { ComponentChildren, JSX } from "preact";
import { Icon, Notice } from "../../../shared/ui";
import { agents, channels, keyName } from "../../names";
import { href } from "../../router";
import { may } from "../../session";
import { t } from "../../text";
import { clock, exact, sameDay } from "../../time";
import type { AuditEntry } from "../../types";
import { tabHref } from "../identity/tabs";
import { byDay } from "./filter";

const a = t.audit;
const r = t.record;

export function Entries({ entries }: { entries: AuditEntry[] }): JSX.Element {
  return (
    <>
      {byDay(entries).map(({ day, entries: list }) => (
        <section key={day} class="audit__day" aria-label={dayName(list[0]!.at)}>
          <h2 class="audit__date">{dayName(list[0]!.at)}</h2>
          <ul class="audit">
            {list.map((entry) => (
              <EntryRow key={entry.id} entry={entry} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function dayName(at: string): string {
  const time = Date.parse(at);
  if (sameDay(time, Date.now())) return r.today;
  if (sameDay(time, Date.now() - 86_400_000)) return r.yesterday;
  return new Date(time).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

const grave = new Set(["key.revoked", "agent.removed", "owner.reset", "contact.blocked", "contact.erased", "key.revealed", "hash.revealed", "audit.pruned"]);
const refusals = new Set(["identity.refused", "session.refused", "agent.sign_in_failed"]);

function EntryRow({ entry }: { entry: AuditEntry }): JSX.Element {
  const kind = refusals.has(entry.action) ? "refused" : grave.has(entry.action) ? "grave" : "";
  const count = Number(entry.detail?.count ?? 0);
  const hint = entry.detail?.reason ? a.reasonHints[entry.detail.reason] : undefined;
  return (
    <li class={kind ? `audit__row audit__row--${kind}` : "audit__row"}>
      <details>
        <summary>
          <time class="audit__when" dateTime={entry.at} title={exact(entry.at)}>
            {clock(entry.at)}
          </time>
          <span class="audit__what">
            {kind === "refused" && <Icon name="alert" />}
            <span dir="auto">
              <bdi class="audit__who">{whoDid(entry)}</bdi> {sentence(entry)}
            </span>
            {count > 0 && <span class="audit__count">{r.count(count.toLocaleString())}</span>}
          </span>
        </summary>
        <div class="audit__body">
          {count > 0 && <Notice icon="info">{r.counted(count)}</Notice>}
          {hint && <Notice icon="info">{hint}</Notice>}
          <Detail entry={entry} />
        </div>
      </details>
    </li>
  );
}

function Detail({ entry }: { entry: AuditEntry }): JSX.Element {
  const detail = entry.detail ?? {};
  const plain = Object.entries(detail).filter(([name, value]) => value !== "" && name !== "reason" && name !== "key");
  return (
    <dl class="audit__detail">
      <Line name={a.when}>{exact(entry.at)}</Line>
      <Line name={a.who} link={{ to: href("/audit", { actor: entry.actor }), text: r.byThis }}>
        {entry.actor_name ? named(entry.actor_name, entry.actor) : entry.actor}
      </Line>
      <Line name={a.rawAction}>{entry.action}</Line>
      {entry.channel && (
        <Line name={a.channel} link={may("channels.read") ? { to: href(`/channels/${entry.channel}`), text: r.toChannel } : undefined}>
          {named(channelName(entry.channel), entry.channel)}
        </Line>
      )}
      <Subject entry={entry} />
      {detail.key && (
        <Line name="key" link={ofKey(detail.key, entry.channel)}>
          {named(keyName({ id: detail.key }), detail.key)}
        </Line>
      )}
      {detail.reason && (
        <Line name="reason" link={entry.action === "identity.refused" ? { to: href("/audit", { reason: detail.reason }), text: r.ofReason } : undefined}>
          {detail.reason}
        </Line>
      )}
      {plain.map(([name, value]) => (
        <Line key={name} name={name}>
          {value}
        </Line>
      ))}
      <Line name={r.sealed}>{entry.id}</Line>
    </dl>
  );
}

function Subject({ entry }: { entry: AuditEntry }): JSX.Element | null {
  const subject = entry.subject ?? "";
  if (!subject) return null;
  if (subject.startsWith("psn_")) {
    const about = entry.subject_contact && may("conversations.read") ? { person: entry.subject_contact } : { subject };
    return (
      <>
        {entry.subject_name && (
          <Line name={a.subject} link={{ to: href("/audit", about), text: r.aboutThis }}>
            {entry.subject_name}
          </Line>
        )}
        <Line name={r.pseudonym} link={entry.subject_name ? undefined : { to: href("/audit", about), text: r.aboutThis }}>
          {subject}
        </Line>
      </>
    );
  }
  if (subject.startsWith("key_"))
    return (
      <Line name={a.subject} link={ofKey(subject, entry.channel)}>
        {named(keyName({ id: subject }), subject)}
      </Line>
    );
  if (subject.startsWith("agt_"))
    return (
      <Line name={a.subject} link={may("team.read") ? { to: href("/team"), text: r.toTeam } : undefined}>
        {named(agentName(subject), subject)}
      </Line>
    );
  const about = subject.startsWith("con_") && may("conversations.read") ? { person: subject } : { subject };
  return (
    <Line name={a.subject} link={subject.startsWith("con_") ? { to: href("/audit", about), text: r.aboutThis } : undefined}>
      {subject}
    </Line>
  );
}

interface Way {
  to: string;
  text: string;
}

/** Everything of a key, and the page that it lives on. */
function ofKey(key: string, channel: string | undefined): Way[] {
  const all = { to: href("/audit", { key }), text: r.ofKey };
  return channel && may("keys.read") ? [all, { to: tabHref(channel, "keys"), text: r.toKeys }] : [all];
}

function Line({ name, link, children }: { name: string; link?: Way | Way[] | undefined; children: ComponentChildren }): JSX.Element {
  const ways = link ? [link].flat() : [];
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{children}</bdi>
        {ways.map((way) => (
          <a key={way.to} class="audit__link" href={way.to}>
            {way.text}
          </a>
        ))}
      </dd>
    </div>
  );
}

const named = (name: string, id: string) => (name && name !== id ? `${name} (${id})` : id);

export function channelName(id: string | undefined): string {
  if (!id) return "";
  const channel = channels.value?.find((c) => c.id === id);
  return channel ? channel.name || channel.slug : id;
}

export function agentName(id: string): string {
  const agent = agents.value?.find((x) => x.id === id);
  return agent ? agent.name || agent.email : "";
}

/** Who leaves is both who did it and whom it is about. */
function whoDid(entry: AuditEntry): string {
  const subject = entry.subject ?? "";
  if (entry.actor.startsWith("visitor:") && subject.startsWith("psn_")) return entry.subject_name || `${a.actors.visitor} (${subject})`;
  return actorName(entry.actor, entry.actor_name);
}

export function actorName(actor: string, name = ""): string {
  const [kind = "", id = ""] = actor.split(":");
  if (kind === "agent") return name || agentName(id) || (a.actors.agent ?? actor);
  if (kind === "token" && name) return r.theToken(name, id);
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
    person: entry.subject_name ?? "",
    channel: channelName(entry.channel),
    get: (name) => detail[name] ?? "",
    key: (name) => known(detail[name] ?? ""),
    reason: (reason) => a.reasons[reason] ?? reason,
  });
}
