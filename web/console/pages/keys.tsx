// The keys of one channel: what each may sign, where it stands in its life, who still uses it.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Empty, Icon, Notice } from "../../shared/ui";
import { dialectName, dialectOf } from "../dialects";
import { agents, learnKeys, needAgents } from "../names";
import { may } from "../session";
import { t } from "../text";
import { exact, isTime } from "../time";
import type { Channel, Key } from "../types";
import { Glyph, type GlyphName } from "../ui/glyph";
import { Loaded, Section } from "../ui/page";
import { Menu, type MenuItem } from "../ui/popover";
import type { Resource } from "../ui/resource";
import { When } from "../ui/when";
import { Findings } from "./key-compromise";
import { Fingerprint, NewKeyDialog, RevealDialog, RotateDialog, SecretDialog, type Way } from "./key-dialogs";
import { IssuerSet } from "./key-set";
import { ExtendDialog, FinishDialog, RenameDialog, RevokeDialog, SignByDialog } from "./key-endings";
import { Overlap, WhoSigns } from "./key-uses";

const k = t.keys;

export function verifies(key: Key): boolean {
  return key.state === "pending" || key.state === "active" || key.state === "retiring";
}

type Step = "rotate" | "rename" | "sign-by" | "extend" | "finish" | "reveal" | "revoke";

export type Shown = { kind: "new"; way: Way } | { kind: Step; key: Key } | { kind: "secret"; key: Key; secret: string; again?: boolean } | null;

export function KeysSection({ channel, resource }: { channel: Channel; resource: Resource<Key[]> }): JSX.Element {
  const [shown, show] = useState<Shown>(null);
  const manage = may("keys.manage");
  useEffect(() => {
    learnKeys(resource.data ?? []);
    needAgents();
  }, [resource.data]);
  const close = () => show(null);
  const done = (next: Shown = null) => {
    show(next);
    void resource.reload();
  };
  const actions = manage && (
    <>
      <Button icon="plus" kind="primary" onClick={() => show({ kind: "new", way: "generate" })}>
        {k.generate}
      </Button>
      <Menu
        label={k.otherWays}
        align="end"
        button={(props) => <Button {...props}>{k.otherWays}</Button>}
        items={[
          { label: k.import, onChoose: () => show({ kind: "new", way: "import" }) },
          { label: k.publish, onChoose: () => show({ kind: "new", way: "publish" }) },
        ]}
      />
    </>
  );
  return (
    <Section title={k.title} hint={k.hint} id="keys" action={(resource.data?.length ?? 0) > 0 && actions}>
      <Loaded resource={resource} failed={k.failed}>
        {(keys) =>
          keys.length === 0 ? (
            <Empty icon="verified" title={k.empty} text={k.emptyHint}>
              <ol class="key-steps">
                {k.emptySteps.map((step) => (
                  <li key={step}>{step}</li>
                ))}
              </ol>
              <div class="state__actions">{actions}</div>
            </Empty>
          ) : (
            <KeyList keys={keys} manage={manage} show={show} reload={() => done()} />
          )
        }
      </Loaded>
      {shown?.kind === "new" && <NewKeyDialog channel={channel} way={shown.way} onClose={close} onMade={done} />}
      {shown && "key" in shown && <StepDialog shown={shown} keys={resource.data ?? []} close={close} done={done} />}
    </Section>
  );
}

function StepDialog({ shown, keys, close, done }: { shown: Exclude<Shown, null | { kind: "new" }>; keys: Key[]; close: () => void; done: (next?: Shown) => void }): JSX.Element {
  const of = { subject: shown.key, onClose: close, onDone: () => done() };
  switch (shown.kind) {
    case "secret":
      return <SecretDialog subject={shown.key} secret={shown.secret} again={shown.again ?? false} onDone={close} />;
    case "rotate":
      return <RotateDialog subject={shown.key} onClose={close} onMade={done} />;
    case "reveal":
      return <RevealDialog subject={shown.key} onClose={close} onShown={done} />;
    case "rename":
      return <RenameDialog {...of} />;
    case "sign-by":
      return <SignByDialog {...of} />;
    case "extend":
      return <ExtendDialog {...of} />;
    case "finish":
      return <FinishDialog {...of} />;
    case "revoke":
      return <RevokeDialog {...of} last={verifies(shown.key) && keys.filter(verifies).length === 1} />;
  }
}

function KeyList({ keys, manage, show, reload }: { keys: Key[]; manage: boolean; show: (next: Shown) => void; reload: () => void }): JSX.Element {
  // A compromised key asks for decisions: it does not hide among those that ended well.
  const open = keys.filter((key) => verifies(key) || isTime(key.compromised_since));
  const ended = keys.filter((key) => !open.includes(key));
  const line = (key: Key) => <KeyCard key={key.id} subject={key} manage={manage} show={show} reload={reload} />;
  return (
    <>
      <ul class="cards">{open.map(line)}</ul>
      {ended.length > 0 && (
        <details class="fold fold--keys">
          <summary>{k.ended(ended.length)}</summary>
          <ul class="cards">{ended.map(line)}</ul>
        </details>
      )}
    </>
  );
}

const stateIcons: Record<string, JSX.Element> = {
  pending: <Glyph name="clock" />,
  active: <Icon name="check" />,
  retiring: <Glyph name="leave" />,
  retired: <Icon name="close" />,
  revoked: <Glyph name="block" />,
  compromised: <Icon name="alert" />,
};

/** What a person would call its state. */
function standing(key: Key): string {
  return isTime(key.compromised_since) ? "compromised" : key.state;
}

function KeyCard({ subject: key, manage, show, reload }: { subject: Key; manage: boolean; show: (next: Shown) => void; reload: () => void }): JSX.Element {
  const state = standing(key);
  return (
    <li class={verifies(key) ? "card key" : "card key key--dead"}>
      <div class="key__head">
        <h3 class="key__name" dir="auto">
          {key.name}
        </h3>
        <span class={`chip chip--${state}`} title={k.stateHints[state]}>
          {stateIcons[state]}
          {k.states[state] ?? state}
        </span>
        {isTime(key.ends_at) && key.state === "retiring" && (
          <span class="dim key__ends">
            {k.ends.toLowerCase()} <When at={key.ends_at} as="left" />
          </span>
        )}
        <KeyActions subject={key} manage={manage} show={show} />
      </div>
      {key.state === "pending" && <p class="key__note">{key.public ? t.proofs.pending : k.pending}</p>}
      {key.state === "retiring" && <Overlap subject={key} />}
      <Facts subject={key} />
      <WhoSigns subject={key} />
      {isTime(key.compromised_since) && <Findings subject={key} />}
      {key.imported && verifies(key) && (
        <Notice icon="info">{k.imported}</Notice>
      )}
      {key.signs === "either" && verifies(key) && (
        <Notice kind="warn" icon="alert">
          {k.either}
        </Notice>
      )}
      {key.public?.problem && (
        <Notice kind="warn" icon="alert">
          {t.proofs.problem(key.public.problem)}
        </Notice>
      )}
      {key.public?.jwks_url && <IssuerSet subject={key} half={key.public} manage={manage && verifies(key)} onDone={reload} />}
    </li>
  );
}

function KeyActions({ subject: key, manage, show }: { subject: Key; manage: boolean; show: (next: Shown) => void }): JSX.Element | null {
  const item = (kind: Step, label: string, glyph: GlyphName, more: Partial<MenuItem> = {}): MenuItem => ({
    label,
    icon: <Glyph name={glyph} />,
    onChoose: () => show({ kind, key }),
    ...more,
  });
  const items: MenuItem[] = [];
  if (manage) {
    items.push(item("rename", k.rename, "copy"));
    if (key.state === "retiring") items.push(item("extend", k.extend, "clock"));
    // A bare hash says no time, so of those none is late.
    if (key.state === "retiring" && dialectOf(key.dialect).proof === "token") items.push(item("sign-by", k.signBy, "filter"));
  }
  if (may("keys.reveal") && key.reveal === "request" && !key.public && key.state !== "revoked") items.push(item("reveal", k.reveal, "eye"));
  if (manage) {
    const late = isTime(key.compromised_since) ? k.compromisedEarlier : k.callCompromised;
    items.push(item("revoke", key.state === "revoked" ? late : k.revoke, "block", { danger: true }));
  }
  if (items.length === 0) return null;
  const mark = key.fingerprint.slice(0, 4); // a rotated key and its successor share a name
  return (
    <span class="key__actions">
      {manage && key.state === "retiring" && (
        <Button aria-label={k.actionOn(k.finish, key.name, mark)} onClick={() => show({ kind: "finish", key })}>
          {k.finish}
        </Button>
      )}
      {manage && (key.state === "active" || key.state === "pending") && (
        <Button aria-label={k.actionOn(k.rotate, key.name, mark)} onClick={() => show({ kind: "rotate", key })}>
          {k.rotate}
        </Button>
      )}
      <Menu
        label={k.actions(key.name, mark)}
        align="end"
        items={items}
        button={(props) => (
          <button type="button" class="button button--plain button--icon" aria-label={k.actions(key.name, mark)} {...props}>
            <Glyph name="more" />
          </button>
        )}
      />
    </span>
  );
}

function Facts({ subject: key }: { subject: Key }): JSX.Element {
  const secret = key.public ? k.secretPublic_(key.public.algorithm) : key.reveal === "request" && key.state !== "revoked" ? k.secretRequest_ : key.imported ? k.secretNever_ : k.secretOnce_;
  return (
    <>
      <dl class="facts-row">
        <Fact name={k.signs}>{`${t.kinds[key.signs] ?? key.signs} · ${dialectName(key.dialect)}`}</Fact>
        <Fact name={k.platforms}>{(key.platforms ?? []).map((p) => t.platforms[p] ?? p).join(", ")}</Fact>
        {verifies(key) && <Fact name={k.live}>{key.live_sessions.toLocaleString(t.locale)}</Fact>}
        <Fact name={k.used}>
          <When at={key.last_used_at} />
        </Fact>
        <Fact name={k.created}>
          <>
            <When at={key.created_at} /> <span class="dim">{k.by(creator(key.created_by))}</span>
          </>
        </Fact>
        {isTime(key.revoked_at) && <Fact name={k.revokedAt}>{exact(key.revoked_at)}</Fact>}
        {key.state === "retired" && isTime(key.ends_at) && <Fact name={k.ended_}>{exact(key.ends_at)}</Fact>}
      </dl>
      <div class="key__secret">
        <Fingerprint subject={key} />
        <p class="key__print">
          <span class="dim">{k.secret_}</span> {secret}
        </p>
      </div>
    </>
  );
}

function Fact({ name, children }: { name: string; children: JSX.Element | string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** "agent:agt_…" by name where the team is known, "cli:root" and "token:tok_…" as the command line and the program that they are. */
export function creator(actor: string): string {
  const [kind = "", id = ""] = actor.split(":");
  if (kind === "agent") {
    const agent = agents.value?.find((a) => a.id === id);
    return agent ? agent.name || agent.email : (t.audit.actors.agent ?? id);
  }
  if (kind === "token") return k.byProgram;
  return kind === "cli" ? `${t.audit.actors.cli} (${id})` : actor;
}
