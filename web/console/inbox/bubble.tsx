// One message. It is drawn with the standing that its author had when it was
// written, never with what the person proved later.

import type { JSX } from "preact";
import { sharedText } from "../../shared/text";
import { Avatar, Button, Icon, IconButton, Linked, TierBadge } from "../../shared/ui";
import { keyName } from "../names";
import { t } from "../text";
import { clock, exact } from "../time";
import type { Message, Tier } from "../types";
import { explain } from "../ui/ask";
import { Glyph } from "../ui/glyph";
import { Popover } from "../ui/popover";
import { Files } from "./files";
import { ImportedBadge } from "./imported";
import { discard, retry, type Outgoing } from "./thread";

/** By what, with which key and when, in one line: the title of a badge. */
export function provedLine(message: Message): string {
  const method = message.method ? (t.methods[message.method] ?? message.method) : "";
  return [method, keyName(message.key), exact(message.at)].filter(Boolean).join(" · ");
}

export function Bubble({ message, first, last, visitor, receipt }: {
  message: Message;
  first: boolean;
  last: boolean;
  visitor: string;
  receipt: string; // "Seen", "Sent", or nothing
}): JSX.Element {
  const kind = message.note ? "note" : message.author.kind;
  if (kind === "system")
    return (
      <div class="system" dir="auto">
        <Linked text={message.text} />
      </div>
    );
  const mine = kind !== "visitor";
  // What a compromised key proved is not drawn as proved.
  const written = message.key?.compromised ? "claimed" : (message.tier ?? "anonymous");
  const tier = kind === "visitor" ? written : undefined;
  // Who was anonymous then is not named now, whatever they proved later.
  const name = mine ? message.author.name || t.thread.somebody : tier === "anonymous" ? t.thread.visitor : visitor;
  return (
    <article class={`msg msg--${kind}${tier ? ` msg--${tier}` : ""}${first ? " msg--first" : ""}${last ? " msg--last" : ""}`}>
      {first && (
        <header class="msg__head">
          {mine && <Avatar name={name} size={20} />}
          <span class="msg__author">
            <bdi>{name}</bdi>
          </span>
          {kind === "note" && (
            <span class="msg__note" title={t.thread.noteHint}>
              <Glyph name="lock" />
              {t.thread.note}
            </span>
          )}
          {message.method === "import" ? (
            <ImportedBadge title={t.history.messageHint} />
          ) : (
            tier && <TierBadge tier={tier} title={provedLine(message)} />
          )}
          <time class="msg__time" dateTime={message.at} title={exact(message.at)}>
            {clock(message.at)}
          </time>
        </header>
      )}
      <div class="msg__line">
        <div class="msg__bubble" dir="auto">
          <Linked text={message.text} />
          <Files files={message.files} alone={!message.text} />
        </div>
        <Details message={message} name={name} />
      </div>
      {message.key?.compromised && (
        <p class="msg__doubt">
          <Icon name="alert" />
          {t.thread.doubt(keyName(message.key))}
        </p>
      )}
      {receipt && <p class="msg__receipt">{receipt}</p>}
    </article>
  );
}

function Details({ message, name }: { message: Message; name: string }): JSX.Element {
  const d = t.thread.detail;
  const byVisitor = message.author.kind === "visitor";
  return (
    <Popover
      class="facts"
      label={d.title}
      button={(props) => <IconButton class="mini msg__info" icon="info" label={t.thread.details(clock(message.at))} {...props} />}
    >
      {() => (
        <>
          <h3 class="facts__title">{d.title}</h3>
          <dl class="facts__list">
            {byVisitor ? (
              <>
                <Fact name={d.tier}>
                  <TierBadge tier={(message.tier ?? "anonymous") as Tier} />
                </Fact>
                <Fact name={d.method}>{message.method ? (t.methods[message.method] ?? message.method) : d.nothing}</Fact>
                {message.key && <Fact name={d.key}>{keyName(message.key)}</Fact>}
                {message.session && (
                  <Fact name={d.session}>
                    <code>{message.session}</code>
                  </Fact>
                )}
              </>
            ) : (
              <Fact name={d.byTeam}>{name}</Fact>
            )}
            <Fact name={d.time}>{exact(message.at)}</Fact>
          </dl>
        </>
      )}
    </Popover>
  );
}

export function Fact({ name, children }: { name: string; children: JSX.Element | string }): JSX.Element {
  return (
    <div class="facts__row">
      <dt>{name}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}

/** A message on its way out, or one that did not get out. */
export function OutBubble({ conversation, out, author }: { conversation: string; out: Outgoing; author: string }): JSX.Element {
  const kind = out.note ? "note" : "agent";
  return (
    <article class={`msg msg--${kind} msg--first msg--last msg--out`} data-state={out.state}>
      <header class="msg__head">
        <Avatar name={author} size={20} />
        <span class="msg__author">
          <bdi>{author}</bdi>
        </span>
        {out.note && (
          <span class="msg__note">
            <Glyph name="lock" />
            {t.thread.note}
          </span>
        )}
      </header>
      <div class="msg__line">
        <div class="msg__bubble" dir="auto">
          <Linked text={out.text} />
          <Files files={out.files} alone={!out.text} />
        </div>
      </div>
      {out.state === "failed" ? (
        <div class="msg__failed" role="alert">
          <Icon name="alert" />
          <span>
            <strong>{t.thread.failedMark}.</strong> {out.problem && explain(out.problem)}
          </span>
          <Button kind="quiet" onClick={() => retry(conversation, out.client_id)}>
            {t.thread.retry}
          </Button>
          <Button kind="quiet" onClick={() => discard(conversation, out.client_id)}>
            {t.thread.discard}
          </Button>
        </div>
      ) : (
        <p class="msg__receipt">{out.state === "waiting" ? t.thread.waiting : t.thread.sending}</p>
      )}
    </article>
  );
}

export function StandingLine({ tier }: { tier: Tier }): JSX.Element {
  const words = { verified: t.thread.becameVerified, claimed: t.thread.becameClaimed, anonymous: t.thread.becameAnonymous }[tier];
  return (
    <p class={`standing standing--${tier}`}>
      <Icon name={tier} />
      <span>
        <span class="sr-only">{sharedText().tiers[tier]}. </span>
        {words}
      </span>
    </p>
  );
}
