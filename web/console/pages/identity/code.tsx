// What a developer copies: the secret's place, the backend's code, the page's, and where
// to look whether it arrives.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { Notice } from "../../../shared/ui";
import type { SnippetPart, Snippets } from "../../diagnosis";
import { may, me } from "../../session";
import { t } from "../../text";
import type { Key } from "../../types";
import { Code } from "../../ui/copy";
import { Select } from "../../ui/forms";
import { Loaded, Section } from "../../ui/page";
import { chosenFramework, Stack, useStack } from "../../ui/stack";
import { verifies } from "../keys";
import { tabHref, type TabProps } from "./tabs";

const s = t.snippets;

export function CodeTab({ channel, keys }: TabProps): JSX.Element {
  const [picked, pick] = useState("");
  const made = useStack(channel.id, picked);
  const live = (keys.data ?? []).filter(verifies);
  return (
    <>
      <KeyPick live={live} picked={picked || made.data?.key || ""} pick={pick} known={keys.data !== null} channel={channel.id} />
      <Section title={s.stack} hint={s.stackHint}>
        <Stack made={made}>
          <Loaded resource={made} failed={s.failed} lines={12}>
            {(code) => <Steps made={code} />}
          </Loaded>
        </Stack>
      </Section>
      <Section title={s.next} hint={s.nextHint}>
        <div class="row-of-links">
          <a class="button button--primary" href={tabHref(channel.id, "installation")}>
            {s.toInstallation}
          </a>
          <a class="button button--plain" href={tabHref(channel.id, "diagnosis")}>
            {s.toDiagnosis}
          </a>
        </div>
      </Section>
      {me.value?.one_origin && may("channels.manage") && <p class="dim">{s.oneOrigin}</p>}
    </>
  );
}

/** The files in their order, numbered with what is done before and after them. */
function Steps({ made }: { made: Snippets }): JSX.Element {
  const framework = chosenFramework(made);
  const theme = framework !== undefined && !framework.language;
  const parts = made.parts ?? [];
  if (framework && !framework.fits) return <Notice kind="warn" icon="alert">{s.unfit(framework.name, t.dialects[made.dialect] ?? made.dialect)}</Notice>;
  const steps: { title: string; hint: string; show: ComponentChildren }[] = [];
  if (!made.server && !theme) steps.push({ title: s.uses.server, hint: s.publicKey, show: null });
  else if (!theme) steps.push({ title: s.secretStep, hint: s.secretHint(made.variable), show: <Code text={`export ${made.variable}=…`} label="sh" /> });
  for (const part of parts) steps.push({ title: theme ? s.themeUses[part.use] : s.uses[part.use], hint: hintOf(part, made, theme), show: <Part part={part} /> });
  if (made.logout) steps.push({ title: s.logoutStep, hint: s.logoutHint, show: <Code text={made.logout} label={s.logout} /> });
  return (
    <ol class="steps">
      {steps.map((step, i) => (
        <li key={`${i}${step.title}`} class="steps__step">
          <h3 class="steps__title">{step.title}</h3>
          <p class="section__hint">{step.hint}</p>
          {step.show}
        </li>
      ))}
    </ol>
  );
}

function hintOf(part: SnippetPart, made: Snippets, theme: boolean): string {
  if (theme) return s.themeHints[part.use];
  if (part.use === "server") return s.serverHint((made.server?.arguments ?? ["user_id"]).join(", "), Boolean(made.framework));
  if (part.use === "page" && !made.framework) return s.plainPageHint;
  return s.hints[part.use];
}

function Part({ part }: { part: SnippetPart }): JSX.Element {
  const label = part.file ? (part.add ? s.addTo(part.file) : part.file) : s.page;
  return (
    <>
      <Code text={part.code} label={label} />
      {part.include && (
        <>
          <p class="section__hint">{s.includeHint}</p>
          <Code text={part.include} label={s.include} />
        </>
      )}
      {part.unrun && <p class="dim">{s.unrun}</p>}
    </>
  );
}

function KeyPick({ live, picked, pick, known, channel }: {
  live: Key[];
  picked: string;
  pick: (id: string) => void;
  known: boolean;
  channel: string;
}): JSX.Element | null {
  if (!known) return null;
  if (live.length === 0)
    return (
      <Notice kind="warn" icon="alert">
        {s.noKey} <a href={tabHref(channel, "keys")}>{s.makeKey}</a>
      </Notice>
    );
  if (live.length === 1) return <p class="dim">{s.forKey(live[0]!.name)}</p>;
  return <Select label={s.whichKey} value={picked} onValue={pick} options={live.map((key) => ({ value: key.id, label: `${key.name} (${t.dialects[key.dialect] ?? key.dialect})` }))} />;
}
