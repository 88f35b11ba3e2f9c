// What the record is asked for: the page's address holds it, so that a link or the way back leads to the same list.

/** The actions of each group, as internal/audit/group.go has them. */
export const groups: Record<string, readonly string[]> = {
  sessions: ["session.opened", "session.ended", "thread.claimed"],
  refusals: ["identity.refused", "session.refused", "agent.sign_in_failed"],
  keys: [
    "key.generated", "key.imported", "key.rotated", "key.finished", "key.sign_by", "key.revoked", "key.kid_revoked", "key.revealed", "hash.revealed",
    "key.renamed", "key.extended", "key.swept", "registration.created", "registration.used", "registration.confirmed", "registration.refused",
  ],
  channels: ["enforcement.set", "channel.created", "channel.changed", "domain.ignored", "domain.noticed", "attribute.policy", "logout.policy"],
  people: [
    "contact.blocked", "contact.unblocked", "contact.exported", "contact.erased", "contact.bare_proofs", "identifier.disputed", "identifier.released",
    "history.begun", "history.imported", "history.opened",
  ],
  team: [
    "agent.invited", "agent.joined", "agent.changed", "agent.removed", "agent.signed_in", "agent.signed_out", "agent.confirmed", "agent.password_changed",
    "factor.begun", "factor.added", "factor.removed", "factor.reset", "factor.rule_set", "factor.recovery_made", "owner.reset", "token.created", "token.revoked",
  ],
  record: ["server.started", "master.rewrapped", "audit.exported", "audit.pruned"],
};

const fields = ["group", "action", "channel", "actor", "subject", "person", "key", "reason", "since", "from", "to"] as const;
type Field = (typeof fields)[number];

export type AuditFilter = Partial<Record<Field, string>>;

export function filterOf(query: URLSearchParams): AuditFilter {
  const filter: AuditFilter = {};
  for (const name of fields) {
    const value = query.get(name);
    if (value) filter[name] = value;
  }
  return filter;
}

export function isEmpty(filter: AuditFilter): boolean {
  return Object.values(filter).every((value) => !value);
}

export const spans: Record<string, number> = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000 };

const midnight = (day: string, later = 0) => {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later);
};

const stamp = (at: Date) => (Number.isNaN(at.getTime()) ? undefined : at.toISOString().replace(/\.\d+Z$/, "Z"));

/** The filter as the server takes it: days are the reader's own, and the last one counts as a whole. */
export function asked(filter: AuditFilter, now = Date.now()): Record<string, string | undefined> {
  const { since, from, to, ...rest } = filter;
  const span = since ? spans[since] : undefined;
  return {
    ...rest,
    from: span ? stamp(new Date(now - span)) : from ? stamp(midnight(from)) : undefined,
    to: !span && to ? stamp(midnight(to, 1)) : undefined,
  };
}

/** Entries by day, in their order. */
export function byDay<T extends { at: string }>(entries: readonly T[]): { day: string; entries: T[] }[] {
  const days: { day: string; entries: T[] }[] = [];
  for (const entry of entries) {
    const day = new Date(entry.at).toDateString();
    const last = days[days.length - 1];
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}
