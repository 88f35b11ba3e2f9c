import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Dialog, Empty, Field, toast } from "../../shared/ui";
import * as api from "../api";
import { agents, needAgents } from "../names";
import { me } from "../session";
import { t } from "../text";
import type { ApiToken } from "../types";
import { ask, FirmDialog, ProblemLine, useAction } from "../ui/ask";
import { confirmed } from "../ui/confirm";
import { Secret } from "../ui/copy";
import { Check, Select } from "../ui/forms";
import { Glyph } from "../ui/glyph";
import { Loaded } from "../ui/page";
import { useResource } from "../ui/resource";
import { When } from "../ui/when";
import { isTime } from "../time";

const m = t.team;
const terms = t.tokenTerms;

/** What a token may be given, in the order of what it can do. Managing roles and tokens stays with people. */
const SCOPES = [
  "audit.read", "metrics.read", "team.read", "channels.read", "keys.read", "conversations.read", "conversations.reply", "channels.manage", "people.manage",
  "enforcement.set", "identity.verify", "people.export", "people.erase", "keys.manage",
];
/** With these, whoever gets the token could pass as a customer or take their data along. */
const GRAVE = ["keys.manage", "people.export", "people.erase", "identity.verify"];
const LIVES = ["30", "90", "365", "0"];
const over = (token: ApiToken) => isTime(token.revoked_at) || (isTime(token.expires_at) && Date.parse(token.expires_at ?? "") <= Date.now());

/** Who made a token: "agent:agt_…", "cli:root". */
function nameOf(actor: string): string {
  const agent = agents.value?.find((a) => actor === `agent:${a.id}`);
  return agent ? agent.name || agent.email : actor;
}

export function TokensPanel(): JSX.Element {
  useEffect(needAgents, []);
  const tokens = useResource(async () => (await api.tokens()).tokens ?? [], []);
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null);
  const revoke = (token: ApiToken) =>
    ask({
      title: m.revokeTitle(token.name),
      body: m.revokeBody,
      action: m.revoke,
      danger: true,
      run: async () => {
        await api.revokeToken(token.id);
        toast(m.revokedToast(token.name));
        await tokens.reload();
      },
    });
  const create = (
    <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
      {m.createToken}
    </Button>
  );
  const line = (token: ApiToken) => (
    <li key={token.id} class={over(token) ? "card card--line key--dead" : "card card--line"}>
      <Glyph name="key" />
      <div class="card__main">
        <p class="card__title" dir="auto">
          {token.name}
        </p>
        <p class="dim card__sub">
          {(token.scopes ?? []).map((scope) => t.rights[scope] ?? scope).join(" · ")}
          <br />
          {m.created("")} <When at={token.created_at} />
          {token.created_by && <> {terms.by(nameOf(token.created_by))}</>}
          {" · "}
          {isTime(token.last_used_at) ? (
            <>
              {terms.used} <When at={token.last_used_at} /> {terms.from(token.last_used_from ?? "")}
            </>
          ) : (
            terms.unused
          )}
          {!isTime(token.revoked_at) && (
            <>
              {" · "}
              {isTime(token.expires_at) ? (
                <>
                  {over(token) ? <>{terms.ended} <When at={token.expires_at} /></> : <>{terms.ends} <When at={token.expires_at} as="left" /></>}
                </>
              ) : (
                terms.never
              )}
            </>
          )}
          {isTime(token.revoked_at) && (
            <>
              {" · "}
              {m.revokedAt} <When at={token.revoked_at} />
            </>
          )}
        </p>
      </div>
      {!over(token) && (
        <Button kind="danger" onClick={() => revoke(token)}>
          {m.revoke}
        </Button>
      )}
    </li>
  );
  return (
    <>
      <div class="panel-head">
        <p class="section__hint">
          {terms.hint} <a href="/api/docs">{terms.docs}</a>
        </p>
        {(tokens.data?.length ?? 0) > 0 && create}
      </div>
      <Loaded resource={tokens} failed={m.failed}>
        {(list) => {
          const live = list.filter((token) => !over(token));
          const dead = list.filter(over);
          if (list.length === 0)
            return (
              <Empty icon="info" title={m.noTokens} text={m.noTokensHint}>
                {create}
              </Empty>
            );
          return (
            <>
              <ul class="cards">{live.map(line)}</ul>
              {dead.length > 0 && (
                <details class="fold fold--keys">
                  <summary>{m.ended(dead.length)}</summary>
                  <ul class="cards">{dead.map(line)}</ul>
                </details>
              )}
            </>
          );
        }}
      </Loaded>
      {creating && (
        <CreateDialog
          onClose={() => setCreating(false)}
          onMade={(token) => {
            setCreating(false);
            setMade(token);
            void tokens.reload();
          }}
        />
      )}
      {made && (
        <FirmDialog title={m.tokenTitle} done={m.tokenDone} onDone={() => setMade(null)}>
          <p>{m.tokenOnce}</p>
          <Secret label={m.token(made.name)} text={made.secret} />
        </FirmDialog>
      )}
    </>
  );
}

function CreateDialog({ onClose, onMade }: { onClose: () => void; onMade: (made: { name: string; secret: string }) => void }): JSX.Element {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>([]);
  const [life, setLife] = useState("90");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction();
  const grave = scopes.some((scope) => GRAVE.includes(scope));
  const mine = new Set(me.value?.rights ?? []);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!name.trim() || scopes.length === 0 || (grave && !reason.trim())) return;
    await action.run(async () => {
      const made = await confirmed(() =>
        api.createToken({ name: name.trim(), scopes, expires_in_days: Number(life), ...(grave ? { reason: reason.trim() } : {}) }),
      );
      onMade({ name: made.token.name, secret: made.secret });
    });
  };
  return (
    <Dialog title={m.createToken} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Field label={m.tokenName} hint={m.tokenNameHint} value={name} maxLength={80} onValue={setName} {...(tried && !name.trim() ? { error: m.tokenNameMissing } : {})} />
        <Select
          label={terms.expires}
          hint={terms.livesHint}
          value={life}
          onValue={setLife}
          options={LIVES.map((value) => ({ value, label: terms.lives[value] ?? value }))}
        />
        <fieldset class="choice">
          <legend class="field__label">{m.scopes}</legend>
          <p class="section__hint">{terms.grave}</p>
          {SCOPES.filter((scope) => mine.has(scope)).map((scope) => (
            <Check
              key={scope}
              label={
                <>
                  {t.rights[scope] ?? scope} {GRAVE.includes(scope) && <span class="chip chip--pending">{terms.mark}</span>}
                </>
              }
              hint={`${terms.scopes[scope] ?? ""} ${scope}`.trim()}
              checked={scopes.includes(scope)}
              onValue={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((s) => s !== scope))}
            />
          ))}
          {tried && scopes.length === 0 && (
            <p class="field__error" role="alert">
              {m.scopesMissing}
            </p>
          )}
        </fieldset>
        {grave && (
          <Field
            label={terms.reason}
            hint={terms.reasonHint}
            maxLength={200}
            value={reason}
            onValue={setReason}
            {...(tried && !reason.trim() ? { error: terms.reasonMissing } : {})}
          />
        )}
        {action.problem && <ProblemLine problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {m.doCreate}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
