// A run: one author's bubbles that stand together, and one line below that says who and when.
import type { JSX } from "preact";
import { clock, full } from "../shared/time";
import { Avatar } from "../shared/ui/avatar";
import { Button } from "../shared/ui/button";
import { Icon } from "../shared/ui/icons";
import { Linked } from "../shared/ui/linked";
import type { Bubble, Run } from "./grouping";
import type { Model } from "./model";
import { text } from "./text";

export interface RunProps {
  run: Run;
  model: Model;
  lastSent: number; // sequence of the visitor's last message that arrived
  agentsRead: number;
}

export function RunView({ run, model, lastSent, agentsRead }: RunProps): JSX.Element {
  const t = text();
  if (run.kind === "system") {
    return (
      <div class="remark">
        {run.bubbles.map((b) => (
          <p key={b.key}>
            <Linked text={b.text} />
          </p>
        ))}
      </div>
    );
  }
  const Files = model.files.value;
  const name = run.mine ? t.you : run.author || model.teamName();
  return (
    <div class={run.mine ? "run run--mine" : "run"}>
      {!run.mine && <Avatar name={name} size={28} />}
      <div class="run__main">
        <h3 class="sr-only">{name}</h3>
        {run.bubbles.map((b) => (
          <div key={b.key} class={b.unsent ? "bubble bubble--unsent" : "bubble"} title={full(b.at)} dir="auto">
            <Linked text={b.text} />
            {b.files && Files && <Files.Shown model={model} files={b.files} alone={!b.text} />}
          </div>
        ))}
        <Below run={run} name={name} model={model} lastSent={lastSent} agentsRead={agentsRead} />
      </div>
    </div>
  );
}

function Below({ run, name, model, lastSent, agentsRead }: RunProps & { name: string }): JSX.Element {
  const t = text();
  const last = run.bubbles.at(-1)!;
  const failed = run.bubbles.find((b) => b.unsent?.state === "failed");
  if (failed) return <NotSent bubble={failed} model={model} />;
  // Written before this person was verified: it never looks like their verified word.
  const before = run.mine && run.tier !== undefined && run.tier !== "verified" && model.state.value.session?.tier === "verified";
  return (
    <p class="meta">
      {before && <span class="meta__before">{t.beforeConfirmed}</span>}
      {!run.mine && <bdi>{name}</bdi>}
      <time dateTime={last.at}>{clock(last.at)}</time>
      {run.mine && <Progress bubble={last} lastSent={lastSent} agentsRead={agentsRead} />}
    </p>
  );
}

function Progress({ bubble, lastSent, agentsRead }: { bubble: Bubble; lastSent: number; agentsRead: number }): JSX.Element | null {
  const t = text();
  if (bubble.unsent) return <span>{bubble.unsent.state === "waiting" ? t.waiting : t.sending}</span>;
  if (bubble.seq !== lastSent) return null;
  return agentsRead >= bubble.seq ? (
    <span class="meta__seen">
      <Icon name="check" />
      {t.seen}
    </span>
  ) : (
    <span>{t.sent}</span>
  );
}

function NotSent({ bubble, model }: { bubble: Bubble; model: Model }): JSX.Element {
  const t = text();
  return (
    <p class="meta meta--failed" role="alert">
      <span class="meta__seen">
        <Icon name="alert" />
        {t.notSent}
      </span>
      <Button kind="quiet" onClick={() => model.outbox.retry(bubble.key)}>
        {t.sendAgain}
      </Button>
      <Button kind="quiet" onClick={() => model.outbox.discard(bubble.key)}>
        {t.discard}
      </Button>
    </p>
  );
}
