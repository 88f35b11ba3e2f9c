// One channel: what to put on a page, how it looks, who may come in.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Empty, Field, Icon, Notice, toast } from "../../shared/ui";
import * as api from "../api";
import { takeChannel } from "../names";
import { guardLeaving, href } from "../router";
import { may } from "../session";
import { t } from "../text";
import type { Channel, Key, Tier } from "../types";
import { ProblemLine, useAction } from "../ui/ask";
import { Code, CopyIcon } from "../ui/copy";
import { Choice, linesOf, Select } from "../ui/forms";
import { Glyph } from "../ui/glyph";
import { ModeChips } from "../ui/modes";
import { Loaded, PageFrame, Section } from "../ui/page";
import { useResource } from "../ui/resource";
import { Languages, useSnippets } from "../ui/snippets";
import { AccentField, Preview } from "./appearance";
import { EmailCodes } from "./mail";

const c = t.channels;

export function ChannelPage({ id }: { id: string }): JSX.Element {
  const channel = useResource(() => api.channel(id), [id]);
  const keys = useResource(async () => (may("keys.read") ? ((await api.keys(id)).keys ?? []) : []), [id]);
  const back = (
    <a class="page__back" href={href("/channels")}>
      <Icon name="back" />
      {c.back}
    </a>
  );
  if (channel.problem?.status === 404)
    return (
      <PageFrame title={c.title} before={back}>
        <Empty icon="search" title={c.notFound} />
      </PageFrame>
    );
  const data = channel.data;
  return (
    <PageFrame
      title={data?.name || data?.slug || c.title}
      before={back}
      subtitle={data && <ModeChips channel={data} />}
      action={
        may("keys.read") && (
          <a class="button button--plain" href={href(`/identity/${id}`)}>
            <Glyph name="key" />
            {c.identityLink}
          </a>
        )
      }
    >
      <Loaded resource={channel} failed={c.failed}>
        {(loaded) => (
          <>
            <Install channel={loaded} keys={keys.data ?? []} />
            <Settings key={loaded.id} channel={loaded} onSaved={channel.set} />
            <EmailCodes channel={loaded.id} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

/** The key that new code should sign with: one of our own dialect before another's, one in use before a new one. */
function signingKey(keys: Key[]): Key | undefined {
  const states = ["active", "pending", "retiring"];
  const rank = (key: Key) => states.indexOf(key.state) + (key.dialect === "native" ? 0 : states.length);
  return keys.filter((key) => states.includes(key.state)).sort((a, b) => rank(a) - rank(b))[0];
}

function Install({ channel, keys }: { channel: Channel; keys: Key[] }): JSX.Element {
  const aliases = channel.aliases ?? [];
  const ids = (
    <dl class="facts-row channel__ids">
      <div>
        <dt>{c.slug}</dt>
        <dd>
          <Id text={channel.slug} />
        </dd>
      </div>
      <div>
        <dt>{c.aliases}</dt>
        <dd>{aliases.length > 0 ? aliases.map((alias) => <Id key={alias} text={alias} />) : c.noAliases}</dd>
      </div>
    </dl>
  );
  if (may("keys.read")) return <Snippets channel={channel} subject={signingKey(keys)} ids={ids} />;
  return (
    <Section title={c.install} hint={c.installHint}>
      {ids}
    </Section>
  );
}

/** Page and backend, as the server writes them for the key that backends should sign with. */
function Snippets({ channel, subject, ids }: { channel: Channel; subject: Key | undefined; ids: JSX.Element }): JSX.Element {
  const made = useSnippets(channel.id, subject?.id ?? "");
  return (
    <>
      <Section title={c.install} hint={c.installHint}>
        {ids}
        <Loaded resource={made} failed={t.snippets.failed} lines={8}>
          {(code) => <Code text={code.page} label={c.page} />}
        </Loaded>
      </Section>
      <Section title={c.backend} hint={c.backendHint}>
        {subject ? (
          <p>{c.backendKey(subject.name)}</p>
        ) : (
          <Notice kind="warn" icon="alert">
            {c.backendNoKey} <a href={href(`/identity/${channel.id}`)}>{c.identityLink}</a>
          </Notice>
        )}
        <Languages>
          <Loaded resource={made} failed={t.snippets.failed} lines={8}>
            {(code) => (code.server ? <Code text={code.server.code} label={code.server.file} /> : <p class="dim">{t.snippets.publicKey}</p>)}
          </Loaded>
        </Languages>
        {made.data?.logout && (
          <>
            <p class="section__hint">
              <strong>{c.logout}.</strong> {c.logoutHint}
            </p>
            <Code text={made.data.logout} label={c.logout} />
          </>
        )}
      </Section>
    </>
  );
}

function Id({ text }: { text: string }): JSX.Element {
  return (
    <span class="channel__id">
      <code dir="ltr">{text}</code>
      <CopyIcon text={text} what={c.slug} />
    </span>
  );
}

/** The lives to choose from, and the one that a program has set. */
const lives = (set: number) => [...new Set([60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, set])].sort((a, b) => a - b);

const hex = /^#[0-9a-f]{6}$/i;

function Settings({ channel, onSaved }: { channel: Channel; onSaved: (channel: Channel) => void }): JSX.Element {
  const before = {
    name: channel.name,
    accent: channel.appearance.accent || "#3451d1",
    team: channel.appearance.team,
    greeting: channel.appearance.greeting,
    origins: (channel.origins ?? []).join("\n"),
    minimum: (channel.minimum_tier || "anonymous") as Tier,
    life: channel.longest_life_seconds,
  };
  const [draft, setDraft] = useState(before);
  const action = useAction();
  const manage = may("channels.manage");
  const changed = JSON.stringify(draft) !== JSON.stringify(before);
  const accentWrong = !hex.test(draft.accent);
  const set = (patch: Partial<typeof draft>) => setDraft({ ...draft, ...patch });
  useEffect(() => {
    guardLeaving(changed ? () => confirm(c.unsaved) : null);
    const warn = (event: BeforeUnloadEvent) => changed && event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => {
      guardLeaving(null);
      removeEventListener("beforeunload", warn);
    };
  }, [changed]);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (accentWrong) return;
    await action.run(async () => {
      const saved = await api.updateChannel(channel.id, {
        name: draft.name.trim() || channel.slug,
        appearance: { accent: draft.accent.toLowerCase(), team: draft.team.trim(), greeting: draft.greeting.trim() },
        origins: linesOf(draft.origins),
        minimum_tier: draft.minimum,
        longest_life_seconds: draft.life,
      });
      takeChannel(saved);
      onSaved(saved);
      setDraft({ ...draft, name: saved.name, accent: saved.appearance.accent || draft.accent, origins: (saved.origins ?? []).join("\n") });
      toast(c.savedToast);
    });
  };
  const locked = !manage;
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      {locked && <Notice icon="info">{c.readOnly}</Notice>}
      <Section title={c.appearance}>
        <div class="appearance">
          <div class="stack">
            <Field label={c.name} hint={c.nameHint} value={draft.name} maxLength={100} disabled={locked} onValue={(name) => set({ name })} />
            <AccentField value={draft.accent} disabled={locked} onValue={(accent) => set({ accent })} />
            <Field label={c.team} hint={c.teamHint} value={draft.team} maxLength={80} disabled={locked} onValue={(team) => set({ team })} />
            <Field label={c.greeting} hint={c.greetingHint} value={draft.greeting} maxLength={300} disabled={locked} onValue={(greeting) => set({ greeting })} />
          </div>
          <Preview accent={accentWrong ? before.accent : draft.accent} team={draft.team} greeting={draft.greeting} />
        </div>
      </Section>
      <Section title={c.access}>
        <div class="stack">
          <Choice
            legend={c.minimum}
            name="minimum"
            value={draft.minimum}
            disabled={locked || !may("enforcement.set")}
            onValue={(minimum) => set({ minimum })}
            options={(["anonymous", "claimed", "verified"] as const).map((tier) => ({ value: tier, label: c.minimums[tier] ?? tier, hint: c.minimumHints[tier] ?? "" }))}
          />
          <Select
            label={t.proofs.life}
            hint={t.proofs.lifeHint}
            value={String(draft.life)}
            disabled={locked}
            options={lives(draft.life).filter((seconds) => seconds <= before.life || may("enforcement.set")).map((seconds) => ({ value: String(seconds), label: t.proofs.lives(seconds) }))}
            onValue={(life) => set({ life: Number(life) })}
          />
          <Field label={c.origins} hint={c.originsHint} lines={4} value={draft.origins} disabled={locked} placeholder="https://shop.example" onValue={(origins) => set({ origins })} />
        </div>
      </Section>
      {action.problem && <ProblemLine problem={action.problem} />}
      {manage && (
        <div class={changed ? "savebar savebar--shown" : "savebar"}>
          <Button disabled={!changed} onClick={() => setDraft(before)}>
            {t.common.cancel}
          </Button>
          <Button kind="primary" type="submit" disabled={!changed || accentWrong} busy={action.busy}>
            {c.save}
          </Button>
        </div>
      )}
    </form>
  );
}
