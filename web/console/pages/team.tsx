// Colleagues, their roles, and the programs that act for the workspace.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Avatar, Button, Dialog, Field, toast } from "../../shared/ui";
import * as api from "../api";
import { agents as knownAgents } from "../names";
import { problemOf } from "../http";
import { href } from "../router";
import { may, me, myId } from "../session";
import { t } from "../text";
import { full } from "../time";
import type { Agent, Role } from "../types";
import { ask, FirmDialog, ProblemLine, useAction } from "../ui/ask";
import { confirmed } from "../ui/confirm";
import { Secret } from "../ui/copy";
import { Choice, Select } from "../ui/forms";
import { Loaded, PageFrame } from "../ui/page";
import { useResource, type Resource } from "../ui/resource";
import { When } from "../ui/when";
import { FactorRule, RolesTable } from "./roles";
import { TokensPanel } from "./tokens";

const m = t.team;
const ROLES: Role[] = ["owner", "security", "admin", "agent", "auditor"];

/** Nobody gives a role that can do what they cannot; the server refuses it too. */
function grantable(): Role[] {
  const mine = me.value?.agent.role;
  if (mine === "owner") return ROLES;
  return mine === "admin" ? ["admin", "agent"] : [];
}

interface NewLink {
  email: string;
  link: string;
  until: string;
  mailed?: boolean;
}

export function TeamPage({ tab }: { tab: "agents" | "tokens" }): JSX.Element {
  const [inviting, setInviting] = useState(false);
  const [link, setLink] = useState<NewLink | null>(null);
  const team = useResource(async () => {
    const list = (await api.agents()).agents ?? [];
    knownAgents.value = list;
    return list;
  }, []);
  const tokens = may("tokens.manage");
  return (
    <PageFrame
      title={m.title}
      subtitle={m.subtitle}
      action={
        tab === "agents" &&
        may("team.manage") && (
          <Button kind="primary" icon="plus" onClick={() => setInviting(true)}>
            {m.invite}
          </Button>
        )
      }
    >
      {tokens && (
        <nav class="tabs" aria-label={m.title}>
          <a class="tabs__tab" href={href("/team")} aria-current={tab === "agents" ? "page" : undefined}>
            {m.agents}
          </a>
          <a class="tabs__tab" href={href("/team/tokens")} aria-current={tab === "tokens" ? "page" : undefined}>
            {m.tokens}
          </a>
        </nav>
      )}
      {tab === "tokens" && tokens ? (
        <TokensPanel />
      ) : (
        <Loaded resource={team} failed={m.failed}>
          {(list) => (
            <>
              <ul class="cards">
                {list.map((agent) => (
                  <AgentLine key={agent.id} agent={agent} team={team} onLink={setLink} />
                ))}
              </ul>
              <FactorRule agents={list} />
              <RolesTable />
            </>
          )}
        </Loaded>
      )}
      {inviting && (
        <InviteDialog
          onClose={() => setInviting(false)}
          onInvited={(made) => {
            setInviting(false);
            setLink(made);
            void team.reload();
          }}
        />
      )}
      {link && (
        <FirmDialog title={link.mailed ? t.mail.inviteMailedTitle : m.linkTitle} done={m.linkDone} onDone={() => setLink(null)}>
          <p dir="auto">{link.mailed ? t.mail.inviteMailed(link.email, full(link.until)) : m.linkBody(link.email, full(link.until))}</p>
          <Secret label={m.link} text={link.link} />
        </FirmDialog>
      )}
    </PageFrame>
  );
}

function AgentLine({ agent, team, onLink }: { agent: Agent; team: Resource<Agent[]>; onLink: (link: NewLink) => void }): JSX.Element {
  const mine = agent.id === myId();
  const name = agent.name || agent.email;
  const reachable = may("team.manage") && !mine && grantable().includes(agent.role);
  const setRole = (role: Role) =>
    ask({
      title: m.roleTitle(name, t.roles[role] ?? role),
      body: t.roleHints[role],
      action: m.roleAction,
      run: async () => {
        await confirmed(() => api.setRole(agent.id, role));
        toast(m.roleToast(name, t.roles[role] ?? role));
        await team.reload();
      },
    });
  const remove = () =>
    ask({
      title: m.removeTitle(name),
      body: m.removeBody,
      action: m.remove,
      danger: true,
      run: async () => {
        await api.removeAgent(agent.id);
        toast(m.removedToast(name));
        await team.reload();
      },
    });
  const relink = async () => {
    try {
      const made = await confirmed(() => api.invite(agent.email, agent.role));
      onLink({ email: agent.email, link: made.link, mailed: !!made.mailed_to, until: made.until });
    } catch (failure) {
      if (problemOf(failure).code !== "cancelled") toast(t.problem.title, "bad");
    }
  };
  const reset = () =>
    ask({
      title: t.people.resetTitle(name),
      body: t.people.resetBody,
      action: t.people.reset,
      danger: true,
      run: async () => {
        await confirmed(() => api.resetFactors(agent.id));
        toast(t.people.resetToast(name));
        await team.reload();
      },
    });
  return (
    <li class="card card--line">
      <Avatar name={name} size={36} />
      <div class="card__main">
        <p class="card__title">
          <bdi>{name}</bdi>
          {mine && <span class="chip">{m.you}</span>}
          {agent.joined === false && <span class="chip chip--pending">{m.invited}</span>}
          {agent.second_factor && <span class="chip chip--good">{t.people.factor}</span>}
          {agent.joined !== false && !agent.second_factor && (agent.role === "owner" || agent.role === "security") && (
            <span class="chip chip--pending">{t.people.noFactor}</span>
          )}
        </p>
        <p class="dim card__sub" dir="auto">
          {agent.name && <>{agent.email} · </>}
          {m.since.toLowerCase()} <When at={agent.created_at} />
        </p>
      </div>
      <div class="card__actions">
        {agent.joined === false && reachable && <Button onClick={() => void relink()}>{m.relink}</Button>}
        {reachable ? (
          <Select
            bare
            key={`${agent.id}-${agent.role}`}
            label={m.roleLabel(name)}
            value={agent.role}
            onValue={setRole}
            options={grantable().map((role) => ({ value: role, label: t.roles[role] ?? role }))}
          />
        ) : (
          <span class="card__role" title={t.roleHints[agent.role]}>
            {t.roles[agent.role] ?? agent.role}
          </span>
        )}
        {reachable && agent.second_factor && (
          <Button kind="quiet" aria-label={t.people.resetLabel(name)} onClick={reset}>
            {t.people.reset}
          </Button>
        )}
        {reachable && (
          <Button kind="quiet" aria-label={m.removeLabel(name)} onClick={remove}>
            {m.remove}
          </Button>
        )}
      </div>
    </li>
  );
}

function InviteDialog({ onClose, onInvited }: { onClose: () => void; onInvited: (made: NewLink) => void }): JSX.Element {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("agent");
  const [tried, setTried] = useState(false);
  const action = useAction();
  const wrong = !/^[^\s@]+@[^\s@]+$/.test(email.trim());
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (wrong) return;
    await action.run(async () => {
      const made = await confirmed(() => api.invite(email.trim(), role));
      onInvited({ email: made.agent.email, link: made.link, mailed: !!made.mailed_to, until: made.until });
    });
  };
  return (
    <Dialog title={m.invite} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Field label={m.email} type="email" autocomplete="off" value={email} onValue={setEmail} {...(tried && wrong ? { error: m.emailWrong } : {})} />
        <Choice
          legend={m.role}
          name="role"
          value={role}
          onValue={setRole}
          options={grantable().map((r) => ({ value: r, label: t.roles[r] ?? r, hint: t.roleHints[r] ?? "" }))}
        />
        {action.problem && <ProblemLine problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {m.doInvite}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

