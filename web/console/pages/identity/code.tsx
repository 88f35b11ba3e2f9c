// What a developer copies: the secret's place, the backend's code, the page's, and where
// to look whether it arrives.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Notice } from "../../../shared/ui";
import { may, me } from "../../session";
import { t } from "../../text";
import type { Key } from "../../types";
import { Code } from "../../ui/copy";
import { Select } from "../../ui/forms";
import { Loaded, Section } from "../../ui/page";
import { Languages, useSnippets } from "../../ui/snippets";
import { verifies } from "../keys";
import { tabHref, type TabProps } from "./tabs";

const s = t.snippets;

export function CodeTab({ channel, keys }: TabProps): JSX.Element {
  const [picked, pick] = useState("");
  const made = useSnippets(channel.id, picked);
  const live = (keys.data ?? []).filter(verifies);
  return (
    <>
      <KeyPick live={live} picked={picked || made.data?.key || ""} pick={pick} known={keys.data !== null} channel={channel.id} />
      <Section title={s.secretStep} hint={s.secretHint(made.data?.variable ?? "CHAT_SECRET")}>
        <Code text={`export ${made.data?.variable ?? "CHAT_SECRET"}=…`} label="sh" />
      </Section>
      <Section title={s.serverStep} hint={s.serverHint((made.data?.server?.arguments ?? ["user_id"]).join(", "))}>
        <Languages>
          <Loaded resource={made} failed={s.failed} lines={8}>
            {(code) => (code.server ? <Code text={code.server.code} label={code.server.file} /> : <p class="dim">{s.publicKey}</p>)}
          </Loaded>
        </Languages>
      </Section>
      {made.data && (
        <>
          <Section title={s.pageStep} hint={s.pageHint}>
            <Code text={made.data.page} label={s.page} />
          </Section>
          {made.data.logout && (
            <Section title={s.logoutStep} hint={s.logoutHint}>
              <Code text={made.data.logout} label={s.logout} />
            </Section>
          )}
        </>
      )}
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
