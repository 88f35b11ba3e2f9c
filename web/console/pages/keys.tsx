// The keys of one channel: what each may sign, where it stands in its life, who still uses it.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Empty, Icon, Notice, toast } from "../../shared/ui";
import * as api from "../api";
import { dialectName } from "../dialects";
import { agents, learnKeys, needAgents } from "../names";
import { may } from "../session";
import { t } from "../text";
import { exact, isTime } from "../time";
import type { Channel, Key, KeyState } from "../types";
import { ask } from "../ui/ask";
import { Glyph } from "../ui/glyph";
import { Loaded, Section } from "../ui/page";
import type { Resource } from "../ui/resource";
import { When } from "../ui/when";
import { Fingerprint, NewKeyDialog, RevokeDialog, RotateDialog, SecretDialog } from "./key-dialogs";

const k = t.keys;

export function verifies(key: Key): boolean {
  return key.state === "pending" || key.state === "active" || key.state === "retiring";
}

export type Shown = { kind: "generate" | "import" } | { kind: "rotate" | "revoke"; key: Key } | { kind: "secret"; key: Key; secret: string } | null;

export function KeysSection({ channel, resource }: { channel: Channel; resource: Resource<Key[]> }): JSX.Element {
  const [shown, show] = useState<Shown>(null);
  const manage = may("keys.manage");
  useEffect(() => {
    learnKeys(resource.data ?? []);
    needAgents();
  }, [resource.data]);
  const done = (next: Shown) => {
    show(next);
    void resource.reload();
  };
  const actions = manage && (
    <>
      <Button icon="plus" kind="primary" onClick={() => show({ kind: "generate" })}>
        {k.generate}
      </Button>
      <Button onClick={() => show({ kind: "import" })}>{k.import}</Button>
    </>
  );
  return (
    <Section title={k.title} hint={k.hint} id="keys" action={(resource.data?.length ?? 0) > 0 && actions}>
      <Loaded resource={resource} failed={k.failed}>
        {(keys) =>
          keys.length === 0 ? (
            <Empty icon="verified" title={k.empty} text={k.emptyHint}>
              <div class="state__actions">{actions}</div>
            </Empty>
          ) : (
            <KeyList keys={keys} manage={manage} show={show} reload={() => void resource.reload()} />
          )
        }
      </Loaded>
      {(shown?.kind === "generate" || shown?.kind === "import") && (
        <NewKeyDialog channel={channel} importing={shown.kind === "import"} onClose={() => show(null)} onMade={done} />
      )}
      {shown?.kind === "rotate" && <RotateDialog subject={shown.key} onClose={() => show(null)} onMade={done} />}
      {shown?.kind === "revoke" && (
        <RevokeDialog
          subject={shown.key}
          last={(resource.data ?? []).filter(verifies).length === 1}
          onClose={() => show(null)}
          onDone={() => done(null)}
        />
      )}
      {shown?.kind === "secret" && <SecretDialog subject={shown.key} secret={shown.secret} onDone={() => show(null)} />}
    </Section>
  );
}

function KeyList({ keys, manage, show, reload }: { keys: Key[]; manage: boolean; show: (next: Shown) => void; reload: () => void }): JSX.Element {
  const live = keys.filter(verifies);
  const dead = keys.filter((key) => !verifies(key));
  const line = (key: Key) => <KeyCard key={key.id} subject={key} manage={manage} show={show} reload={reload} />;
  return (
    <>
      <ul class="cards">{live.map(line)}</ul>
      {dead.length > 0 && (
        <details class="fold fold--keys">
          <summary>{k.ended(dead.length)}</summary>
          <ul class="cards">{dead.map(line)}</ul>
        </details>
      )}
    </>
  );
}

const stateIcons: Record<KeyState, JSX.Element> = {
  pending: <Glyph name="clock" />,
  active: <Icon name="check" />,
  retiring: <Glyph name="leave" />,
  retired: <Icon name="close" />,
  revoked: <Glyph name="block" />,
};

function KeyCard({ subject: key, manage, show, reload }: { subject: Key; manage: boolean; show: (next: Shown) => void; reload: () => void }): JSX.Element {
  return (
    <li class={verifies(key) ? "card key" : "card key key--dead"}>
      <div class="key__head">
        <h3 class="key__name" dir="auto">
          {key.name}
        </h3>
        <span class={`chip chip--${key.state}`} title={k.stateHints[key.state]}>
          {stateIcons[key.state]}
          {k.states[key.state] ?? key.state}
        </span>
        {isTime(key.ends_at) && key.state === "retiring" && (
          <span class="dim key__ends">
            {k.ends.toLowerCase()} <When at={key.ends_at} as="left" />
          </span>
        )}
        {manage && verifies(key) && (
          <span class="key__actions">
            {key.state === "retiring" ? (
              <Button aria-label={k.actionOn(k.finish, key.name, mark(key))} onClick={() => finish(key, reload)}>
                {k.finish}
              </Button>
            ) : (
              <Button aria-label={k.actionOn(k.rotate, key.name, mark(key))} onClick={() => show({ kind: "rotate", key })}>
                {k.rotate}
              </Button>
            )}
            <Button kind="danger" aria-label={k.actionOn(k.revoke, key.name, mark(key))} onClick={() => show({ kind: "revoke", key })}>
              {k.revoke}
            </Button>
          </span>
        )}
      </div>
      <dl class="facts-row">
        <Fact name={k.signs}>{`${t.kinds[key.signs] ?? key.signs} · ${dialectName(key.dialect)}`}</Fact>
        <Fact name={k.platforms}>{(key.platforms ?? []).map((p) => t.platforms[p] ?? p).join(", ")}</Fact>
        <Fact name={k.live}>{key.live_sessions.toLocaleString(t.locale)}</Fact>
        <Fact name={k.used}>
          <When at={key.last_used_at} />
        </Fact>
        <Fact name={k.created}>
          <>
            <When at={key.created_at} /> <span class="dim">{k.by(creator(key.created_by))}</span>
          </>
        </Fact>
        {isTime(key.revoked_at) && <Fact name={k.revokedAt}>{exact(key.revoked_at)}</Fact>}
      </dl>
      <Fingerprint subject={key} />
      {key.imported && verifies(key) && <p class="key__note">{k.imported}</p>}
      {key.signs === "either" && verifies(key) && (
        <Notice kind="warn" icon="alert">
          {k.either}
        </Notice>
      )}
    </li>
  );
}

/** A rotated key and its successor share a name; the start of the fingerprint tells them apart. */
function mark(key: Key): string {
  return key.fingerprint.slice(0, 4);
}

function Fact({ name, children }: { name: string; children: JSX.Element | string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** "agent:agt_…" by name where the team is known, "cli:root" as the command line it is. */
export function creator(actor: string): string {
  const [kind = "", id = ""] = actor.split(":");
  if (kind === "agent") {
    const agent = agents.value?.find((a) => a.id === id);
    return agent ? agent.name || agent.email : (t.audit.actors.agent ?? id);
  }
  return kind === "cli" ? `${t.audit.actors.cli} (${id})` : actor;
}

function finish(key: Key, reload: () => void): void {
  ask({
    title: k.finishTitle(key.name),
    body: (
      <>
        <p>{k.finishBody(key.live_sessions)}</p>
        <Fingerprint subject={key} />
      </>
    ),
    action: k.doFinish,
    danger: true,
    run: async () => {
      const { sessions_ended } = await api.finishKey(key.id);
      toast(`${k.finishedToast(key.name)} ${k.sessionsEnded(sessions_ended)}`);
      reload();
    },
  });
}

