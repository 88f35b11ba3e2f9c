// Who may read and write in a channel at this moment: a page of its live sessions, the
// ones that end last first, and what a log-out and an unsigned attribute are worth.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Empty, Failure, IconButton, TierBadge, toast, type Tier } from "../../../shared/ui";
import { sharedText } from "../../../shared/text";
import * as api from "../../api";
import { ApiError, problemOf } from "../../http";
import { PersonDrawer } from "../../inbox/person";
import { askOnlySigned } from "../../inbox/person-values";
import { keyName, learnKeys } from "../../names";
import { may } from "../../session";
import { t } from "../../text";
import { exact, moment } from "../../time";
import type { Key, Visit } from "../../types";
import { ask, explain } from "../../ui/ask";
import { Check, Select } from "../../ui/forms";
import { Loaded, Section } from "../../ui/page";
import { useResource } from "../../ui/resource";
import { When } from "../../ui/when";
import { tabHref, type TabProps } from "./tabs";

const s = t.sessions;
const tiers: Tier[] = ["verified", "claimed", "anonymous"];

export function SessionsTab({ channel, keys }: TabProps): JSX.Element {
  const [filter, setFilter] = useState<api.SessionFilter>({});
  const [person, setPerson] = useState("");
  return (
    <>
      <Section title={s.title} hint={s.hint}>
        {may("conversations.read") && <Live key={`${filter.tier}/${filter.key}`} channel={channel.id} filter={filter} onFilter={setFilter} keys={keys.data ?? []} onPerson={setPerson} />}
      </Section>
      <Logout channel={channel.id} />
      <SignedOnly />
      {person && <PersonDrawer key={person} id={person} onClose={() => setPerson("")} />}
    </>
  );
}

interface Listed {
  visits: Visit[];
  next: string;
}

function Live({ channel, filter, onFilter, keys, onPerson }: {
  channel: string;
  filter: api.SessionFilter;
  onFilter: (filter: api.SessionFilter) => void;
  keys: Key[];
  onPerson: (contact: string) => void;
}): JSX.Element {
  const [more, setMore] = useState(false);
  const read = async (cursor?: string): Promise<Listed> => {
    const page = await api.sessions(channel, { ...filter, ...(cursor ? { cursor } : {}) });
    learnKeys((page.sessions ?? []).map((visit) => visit.key));
    return { visits: page.sessions ?? [], next: page.next ?? "" };
  };
  const list = useResource(() => read(), [channel]);
  const goOn = async (now: Listed) => {
    setMore(true);
    try {
      const page = await read(now.next);
      const known = new Set(now.visits.map((visit) => visit.id)); // one that was renewed meanwhile comes up again
      list.set({ visits: [...now.visits, ...page.visits.filter((visit) => !known.has(visit.id))], next: page.next });
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
    }
    setMore(false);
  };
  const end = async (visit: Visit, now: Listed) => {
    try {
      await api.endSession(visit.contact.id, visit.id);
      toast(s.ended);
      list.set({ ...now, visits: now.visits.filter((other) => other.id !== visit.id) });
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
      void list.reload();
    }
  };
  const filtered = !!(filter.tier || filter.key);
  return (
    <div class="stack">
      <div class="visits__bar">
        <Select
          label={s.tier}
          value={filter.tier ?? ""}
          onValue={(tier) => onFilter(tier && tier !== "verified" ? { tier } : { ...filter, tier })}
          options={[{ value: "", label: s.anyTier }, ...tiers.map((tier) => ({ value: tier as string, label: sharedText().tiers[tier] }))]}
        />
        <Select
          label={s.key}
          value={filter.key ?? ""}
          onValue={(key) => onFilter(key ? { key } : { ...filter, key })}
          options={[{ value: "", label: s.anyKey }, ...keys.map((key) => ({ value: key.id, label: key.name || key.id }))]}
        />
        <span class="visits__space" />
        <IconButton icon="retry" label={t.audit.reload} onClick={() => void list.reload()} />
        {may("people.manage") && (list.data?.visits.length ?? 0) > 0 && (
          <Button kind="danger" onClick={() => void askEndAll(channel, filter, () => void list.reload())}>
            {s.endAll}
          </Button>
        )}
      </div>
      {list.problem && !list.data && <Failure title={s.failed} error={list.problem as ApiError} retry={() => void list.reload()} />}
      {list.data?.visits.length === 0 &&
        (filtered ? (
          <Empty icon="search" title={s.emptyFilter} />
        ) : (
          <Empty icon="chat" title={s.empty} text={s.emptyHint}>
            <a class="button button--primary" href={tabHref(channel, "installation")}>
              {s.install}
            </a>
          </Empty>
        ))}
      {list.data && list.data.visits.length > 0 && (
        <ul class="visits">
          {list.data.visits.map((visit) => (
            <Line key={visit.id} visit={visit} onPerson={() => onPerson(visit.contact.id)} onEnd={() => void end(visit, list.data!)} />
          ))}
        </ul>
      )}
      {list.data?.next && (
        <Button busy={more} onClick={() => void goOn(list.data!)}>
          {s.more}
        </Button>
      )}
    </div>
  );
}

function Line({ visit, onPerson, onEnd }: { visit: Visit; onPerson: () => void; onEnd: () => void }): JSX.Element {
  const device = visit.device || t.personal.device;
  const method = visit.method ? (t.methods[visit.method] ?? visit.method) : "";
  return (
    <li class="visit">
      <div class="visit__who">
        <button type="button" class="link visit__name" onClick={onPerson} dir="auto">
          {visit.contact.label}
        </button>
        <TierBadge tier={visit.tier} />
      </div>
      <div class="visit__where">
        <span title={visit.user_agent}>{[device, t.platforms[visit.platform] ?? visit.platform].join(" · ")}</span>
        {visit.origin && (
          <span class="dim small" dir="ltr">
            {visit.origin.replace(/^https?:\/\//, "")}
          </span>
        )}
      </div>
      <div class="visit__proof">
        <span>{method ? s.by(method, keyName(visit.key)) : s.noProof}</span>
        <span class="dim small" title={exact(visit.created_at)}>
          {t.personal.opened(moment(visit.created_at))} · <When at={visit.seen_at ?? visit.created_at} /> · {t.person.expires("")}
          <When at={visit.expires_at} as="left" />
        </span>
      </div>
      {may("people.manage") && (
        <Button kind="quiet" aria-label={s.endLabel(visit.contact.label)} onClick={onEnd}>
          {s.end}
        </Button>
      )}
    </li>
  );
}

/** Numbers first: how many of them there are is asked when somebody wants to end them. */
async function askEndAll(channel: string, filter: api.SessionFilter, done: () => void): Promise<void> {
  try {
    const { sessions, more } = await api.countSessions(channel, filter);
    const what = filter.key ? s.ofKey(keyName({ id: filter.key })) : filter.tier ? s.ofTier(sharedText().tiers[filter.tier as Tier].toLowerCase()) : s.everything;
    ask({
      title: s.endAllTitle(sessions, !!more),
      body: s.endAllBody(what),
      action: s.endAll,
      danger: true,
      run: async () => {
        const { ended } = await api.endSessionsOf(channel, filter);
        toast(s.endedAll(ended));
        done();
      },
    });
  } catch (failure) {
    toast(explain(problemOf(failure)), "bad");
  }
}

function Logout({ channel }: { channel: string }): JSX.Element {
  const setting = useResource(() => api.logoutPolicy(channel), [channel]);
  const put = async (deny: boolean) => {
    try {
      setting.set(await api.setLogoutPolicy(channel, deny));
      toast(s.logoutSaved);
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
      void setting.reload();
    }
  };
  return (
    <Section title={s.logout} hint={`${s.logoutHint} ${s.logoutNative}`}>
      <Loaded resource={setting} failed={s.logoutFailed} lines={2}>
        {({ deny_tokens }) => (
          <Check label={s.logoutDeny} hint={s.logoutDenyHint} checked={deny_tokens} disabled={!may("channels.manage")} onValue={(deny) => void put(deny)} />
        )}
      </Loaded>
    </Section>
  );
}

function SignedOnly(): JSX.Element {
  const policy = useResource(() => api.attributePolicy(), []);
  const [name, setName] = useState("");
  const manage = may("channels.manage");
  const lift = async (one: string) => {
    try {
      await api.setAttributePolicy(one, false);
      void policy.reload();
      toast(t.personal.anyValueToast(one));
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
    }
  };
  const add = (event: Event) => {
    event.preventDefault();
    const wish = name.trim();
    if (!wish) return;
    askOnlySigned(wish, () => {
      setName("");
      void policy.reload();
    });
  };
  return (
    <Section title={s.signed} hint={s.signedHint}>
      <Loaded resource={policy} failed={s.signedFailed} lines={2}>
        {({ signed_only }) => (
          <div class="stack">
            {(signed_only ?? []).length === 0 ? (
              <p class="dim">{s.signedEmpty}</p>
            ) : (
              <ul class="chips">
                {(signed_only ?? []).map((one) => (
                  <li key={one.name} class="chip">
                    <bdi>{one.name}</bdi>
                    {manage && <IconButton icon="close" label={s.signedRemove(one.name)} onClick={() => void lift(one.name)} />}
                  </li>
                ))}
              </ul>
            )}
            {manage && (
              <form class="signed-only" onSubmit={add}>
                <input class="input" aria-label={s.signedName} placeholder={s.signedName} value={name} maxLength={100} autocomplete="off" onInput={(event) => setName(event.currentTarget.value)} />
                <Button type="submit" disabled={!name.trim()}>
                  {s.signedAdd}
                </Button>
              </form>
            )}
          </div>
        )}
      </Loaded>
    </Section>
  );
}
