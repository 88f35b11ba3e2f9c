import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Dialog, Empty, Field, toast } from "../../shared/ui";
import * as api from "../api";
import { takeChannel } from "../names";
import { go, href } from "../router";
import { may } from "../session";
import { t } from "../text";
import type { Channel, Platform } from "../types";
import { ProblemLine, useAction } from "../ui/ask";
import { Check, Choice, linesOf } from "../ui/forms";
import { ModeChips } from "../ui/modes";
import { Loaded, PageFrame } from "../ui/page";
import { useResource } from "../ui/resource";
import { Sites } from "./sites";

const c = t.channels;
export const PLATFORMS: Platform[] = ["web", "ios", "android"];
const shape = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function ChannelsPage(): JSX.Element {
  const channels = useResource(async () => (await api.channels()).channels ?? [], []);
  const [creating, setCreating] = useState(false);
  const manage = may("channels.manage");
  const create = manage ? (
    <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
      {c.create}
    </Button>
  ) : null;
  return (
    <PageFrame title={c.title} subtitle={c.subtitle} action={(channels.data?.length ?? 0) > 0 && create}>
      <Loaded resource={channels} failed={c.failed}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon="chat" title={c.empty} text={c.emptyHint}>
              {create}
            </Empty>
          ) : (
            <ul class="cards">
              {list.map((channel) => (
                <li key={channel.id}>
                  <a class="card card--link" href={href(`/channels/${channel.id}`)}>
                    <span class="swatch" ref={(element) => element?.style.setProperty("--swatch", channel.appearance.accent || "#3451d1")} />
                    <span class="card__main">
                      <span class="card__title" dir="auto">
                        {channel.name || channel.slug}
                      </span>
                      <span class="dim">
                        <code>{channel.slug}</code>
                        {(channel.aliases ?? []).length > 0 && <> {c.also((channel.aliases ?? []).join(", "))}</>}
                      </span>
                    </span>
                    <ModeChips channel={channel} />
                  </a>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {channels.data && may("keys.read") && <Sites onConnected={() => void channels.reload()} />}
      {creating && <CreateDialog others={channels.data ?? []} onClose={() => setCreating(false)} />}
    </PageFrame>
  );
}

type Answer = "" | "yes" | "no";

function CreateDialog({ others, onClose }: { others: Channel[]; onClose: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const [slug, setSlug] = useState("");
  const [touched, setTouched] = useState(false);
  const [aliases, setAliases] = useState("");
  const [platforms, setPlatforms] = useState<Platform[]>(["web"]);
  const [same, setSame] = useState<Answer>(""); // asked, never assumed: it cannot be changed later
  const [tried, setTried] = useState(false);
  const action = useAction();
  useEffect(() => {
    if (!touched) setSlug(slugOf(name));
  }, [name, touched]);
  const unanswered = others.length > 0 && same === "";
  const wrongAlias = linesOf(aliases).some((alias) => !shape.test(alias));

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!shape.test(slug) || wrongAlias || platforms.length === 0 || unanswered) return;
    await action.run(async () => {
      const made = await api.createChannel({
        slug,
        name: name.trim() || slug,
        platforms,
        aliases: linesOf(aliases),
        ...(others.length > 0 ? { same_people: same === "yes" } : {}),
      });
      takeChannel(made);
      toast(c.createdToast(made.name || made.slug));
      go(href(`/channels/${made.id}`));
    });
  };
  return (
    <Dialog title={c.create} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Field label={c.name} hint={c.nameHint} value={name} onValue={setName} maxLength={100} />
        <Field
          label={c.slug}
          hint={c.slugHint}
          value={slug}
          maxLength={64}
          onValue={(value) => {
            setTouched(true);
            setSlug(value);
          }}
          {...(tried && !shape.test(slug) ? { error: c.slugWrong } : {})}
        />
        <PlatformChoice legend={c.platforms} value={platforms} onValue={setPlatforms} tried={tried} missing={c.platformsMissing} />
        {others.length > 0 && (
          <div>
            <Choice
              legend={c.samePeople}
              name="same-people"
              value={same}
              onValue={setSame}
              options={(["no", "yes"] as const).map((value) => ({ value, label: c.samePeopleAnswers[value], hint: c.samePeopleHints[value] }))}
            />
            {tried && unanswered && (
              <p class="field__error" role="alert">
                {c.samePeopleMissing}
              </p>
            )}
          </div>
        )}
        <Field label={`${c.aliases} (${t.common.optional})`} hint={c.aliasesHint} lines={2} value={aliases} onValue={setAliases} {...(tried && wrongAlias ? { error: c.aliasesWrong } : {})} />
        {action.problem && <ProblemLine problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {c.doCreate}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function PlatformChoice({ legend, value, onValue, tried, missing, of = PLATFORMS }: {
  legend: string;
  value: Platform[];
  onValue: (value: Platform[]) => void;
  tried: boolean;
  missing: string;
  of?: Platform[];
}): JSX.Element {
  return (
    <fieldset class="choice choice--row">
      <legend class="field__label">{legend}</legend>
      {of.map((platform) => (
        <Check
          key={platform}
          label={t.platforms[platform]}
          checked={value.includes(platform)}
          onValue={(on) => onValue(on ? [...value, platform] : value.filter((p) => p !== platform))}
        />
      ))}
      {tried && value.length === 0 && (
        <p class="field__error" role="alert">
          {missing}
        </p>
      )}
    </fieldset>
  );
}

export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 64);
}
