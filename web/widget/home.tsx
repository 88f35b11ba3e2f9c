// Home: a greeting, who answers, whether we know you, and what was said before.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { newestFirst } from "../boot/threads";
import type { Conversation } from "../protocol/wire";
import type { ApiError } from "../shared/api";
import { ago, full } from "../shared/time";
import { Avatar } from "../shared/ui/avatar";
import { Count } from "../shared/ui/badge";
import { Button, IconButton } from "../shared/ui/button";
import { Icon } from "../shared/ui/icons";
import { Failure, Notice } from "../shared/ui/state";
import { Skeleton } from "../shared/ui/waiting";
import { Identity } from "./identity";
import type { Model } from "./model";
import { text } from "./text";

export function Home({ model }: { model: Model }): JSX.Element {
  const { session, channel } = model.state.value;
  const t = text();
  return (
    <div class="scroll home">
      <header class="hero">
        <div class="hero__bar">
          <p class="hero__team">
            <Avatar name={model.teamName()} size={28} />
            <bdi>{model.teamName()}</bdi>
          </p>
          <span>
            <IconButton
              icon={model.sound.value ? "bell" : "mute"}
              label={model.sound.value ? t.soundOff : t.soundOn}
              onClick={() => model.setSound(!model.sound.value)}
            />
            <IconButton icon="close" label={t.close} onClick={() => model.core.hide()} />
          </span>
        </div>
        <h1 class="hero__title">
          <bdi>{t.hello(session?.name ?? "")}</bdi>
        </h1>
        <p class="hero__text">{channel?.greeting || t.howCanWeHelp}</p>
      </header>
      <div class="home__body">
        <button type="button" class="card start" data-start="" onClick={() => model.write()}>
          <span>
            <b>{t.write}</b>
            {channel && (
              <span class={channel.online ? "presence presence--online" : "presence"}>{channel.online ? t.online : t.away}</span>
            )}
          </span>
          <span class="start__icon">
            <Icon name="send" />
          </span>
        </button>
        {session?.claim && !model.claimDeclined.value && <Claim model={model} lastAt={session.claim.last_at} />}
        {!!session?.claimed && (
          <Notice kind="good" icon="check">
            {t.claimed(session.claimed)}
          </Notice>
        )}
        {session && <Conversations model={model} />}
        <Identity model={model} />
      </div>
    </div>
  );
}

function Conversations({ model }: { model: Model }): JSX.Element | null {
  const { threads, more } = model.state.value;
  const t = text();
  const busy = useSignal(false);
  const error = useSignal<ApiError | undefined>(undefined);
  const read = async (cursor?: string) => {
    busy.value = true;
    error.value = await model.core.readThreads(cursor).then(
      () => undefined,
      (e: ApiError) => e,
    );
    busy.value = false;
  };
  useEffect(() => {
    if (!threads) void read();
  }, []);
  if (!threads) {
    return error.value ? <Failure error={error.value} retry={() => void read()} /> : <div class="card card--pad"><Skeleton lines={3} height={18} /></div>;
  }
  if (!threads.size) return null;
  return (
    <section aria-labelledby="list-title">
      <h2 class="section" id="list-title">
        {t.conversations}
      </h2>
      <ul class="card list">
        {newestFirst(threads).map((c) => (
          <Row key={c.id} model={model} c={c} />
        ))}
      </ul>
      {more && (
        <Button kind="quiet" wide busy={busy.value} onClick={() => void read(more)}>
          {t.moreConversations}
        </Button>
      )}
    </section>
  );
}

function Row({ model, c }: { model: Model; c: Conversation }): JSX.Element {
  const t = text();
  const name = c.assignee?.name || model.teamName();
  const preview = c.preview || t.newConversation;
  return (
    <li>
      <button type="button" class={c.unread ? "row row--unread" : "row"} onClick={() => model.read(c.id)}>
        <Avatar name={name} size={36} />
        <span class="row__main">
          <span class="row__line">
            <bdi class="row__name">{name}</bdi>
            <time dateTime={c.last_at} title={full(c.last_at)}>
              {ago(c.last_at)}
            </time>
          </span>
          <span class="row__line">
            <bdi class="row__preview">{c.last_author === "visitor" ? t.youSaid(preview) : preview}</bdi>
            <Count n={c.unread} label={t.unread(c.unread)} />
            {c.status === "closed" && !c.unread && <span class="row__closed">{t.closedThread}</span>}
          </span>
        </span>
      </button>
    </li>
  );
}

// Claim shows the time and not the text: whoever signed in may be somebody else than whoever wrote.
function Claim({ model, lastAt }: { model: Model; lastAt: string }): JSX.Element {
  const t = text();
  const busy = useSignal(false);
  const failed = useSignal(false);
  const yes = async () => {
    busy.value = true;
    failed.value = await model.core.claimThread(true).then(
      () => false,
      () => true,
    );
    busy.value = false;
  };
  return (
    <section class="card card--pad claim" aria-labelledby="claim-title">
      <h2 id="claim-title">{t.claimTitle}</h2>
      <p>{t.claimText(full(lastAt))}</p>
      {failed.value && <Notice kind="bad">{t.claimFailed}</Notice>}
      <p class="claim__buttons">
        <Button kind="primary" busy={busy.value} onClick={() => void yes()}>
          {t.claimYes}
        </Button>
        <Button onClick={() => model.declineClaim()}>{t.claimNo}</Button>
      </p>
    </section>
  );
}
