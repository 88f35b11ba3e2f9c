// Sites that connect themselves: a token to paste there, and the question whether the site
// that came with it is ours. What a site says of itself is a stranger's text; its address
// is what is confirmed, so that stands alone, in one writing direction and one type.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Dialog, Notice, toast } from "../../shared/ui";
import * as api from "../api";
import { href } from "../router";
import { may } from "../session";
import { t } from "../text";
import type { Registration } from "../types";
import { ask, FirmDialog, ProblemLine, useAction } from "../ui/ask";
import { confirmed } from "../ui/confirm";
import { Secret } from "../ui/copy";
import { Glyph } from "../ui/glyph";
import { Loaded } from "../ui/page";
import { useResource } from "../ui/resource";
import { When } from "../ui/when";
import { Reason } from "./key-dialogs";

const s = t.sites;
const every = 4000; // ms, while a token is open or a site waits
const live = (r: Registration) => r.state === "open" || r.state === "waiting" || r.state === "confirmed";
const first = (r: Registration) => (r.state === "waiting" ? 0 : 1);
const moving = (r: Registration) => r.state === "open" || r.state === "waiting";

/** onConnected is told when there is a new channel. */
export function Sites({ onConnected }: { onConnected: () => void }): JSX.Element {
  const sites = useResource(async () => (await api.registrations()).registrations ?? [], []);
  const [made, setMade] = useState<{ token: string; url: string } | null>(null);
  const [asked, setAsked] = useState<Registration | null>(null);
  const action = useAction();
  const manage = may("keys.manage") && may("channels.manage");
  const waits = sites.data?.some(moving) ?? false;
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(() => {
      if (document.visibilityState !== "hidden") api.registrations().then((page) => sites.set(page.registrations ?? []), () => undefined);
    }, every);
    return () => clearInterval(timer);
  }, [waits]);
  const connect = manage && (
    <Button
      icon="plus"
      busy={action.busy}
      onClick={() =>
        void action.run(async () => {
          setMade(await api.createRegistration());
          void sites.reload();
        })
      }
    >
      {s.connect}
    </Button>
  );
  const refuse = (r: Registration) =>
    ask({
      title: r.site ? s.refuseTitle(r.site) : s.takeBackTitle,
      body: r.site ? s.refuseBody : s.takeBackBody,
      action: r.site ? s.refuse : s.takeBack,
      danger: true,
      run: async () => {
        await api.refuseRegistration(r.id);
        toast(r.site ? s.refusedToast : s.takenBackToast);
        await sites.reload();
      },
    });
  const line = (r: Registration) => <Site key={r.id} of={r} manage={manage} onConfirm={() => setAsked(r)} onRefuse={() => refuse(r)} />;
  return (
    <section class="section" aria-labelledby="sites-title">
      <div class="section__head">
        <div>
          <h2 class="section__title" id="sites-title">
            {s.title}
          </h2>
          <p class="section__hint">{s.hint}</p>
        </div>
        {connect}
      </div>
      {action.problem && <ProblemLine problem={action.problem} />}
      <Loaded resource={sites} failed={s.failed}>
        {(list) => {
          const now = list.filter(live).sort((a, b) => first(a) - first(b)); // what waits for somebody comes first
          const ended = list.filter((r) => !live(r));
          return (
            <>
              {now.length > 0 ? <ul class="cards">{now.map(line)}</ul> : <p class="dim">{manage ? s.noneHint : s.none}</p>}
              {ended.length > 0 && (
                <details class="fold fold--keys">
                  <summary>{s.more(ended.length)}</summary>
                  <ul class="cards">{ended.map(line)}</ul>
                </details>
              )}
            </>
          );
        }}
      </Loaded>
      {made && <TokenDialog made={made} onDone={() => setMade(null)} />}
      {asked && (
        <ConfirmDialog
          of={asked}
          onClose={() => setAsked(null)}
          onConfirmed={() => {
            setAsked(null);
            void sites.reload();
            onConnected();
          }}
        />
      )}
    </section>
  );
}

const chips: Partial<Record<Registration["state"], string>> = { waiting: "chip chip--pending", confirmed: "chip chip--good" };

function Site({ of: r, manage, onConfirm, onRefuse }: { of: Registration; manage: boolean; onConfirm: () => void; onRefuse: () => void }): JSX.Element {
  return (
    <li class={live(r) ? "card card--line" : "card card--line key--dead"}>
      <Glyph name="channels" />
      <div class="card__main">
        <p class="card__title site__head">
          {r.site ? <Address site={r.site} /> : s.unused}
          <span class={chips[r.state] ?? "chip"}>{s.states[r.state]}</span>
        </p>
        <p class="dim card__sub">
          {r.state === "open" && (
            <>
              {s.tokenEnds} <When at={r.expires_at} as="left" />
            </>
          )}
          {r.state === "expired" && s.tokenEnded}
          {r.site && <span dir="auto">{s.says(r.name ?? "", r.software ?? "")}</span>}
          {r.state === "waiting" && (
            <>
              {" · "}
              {s.from(r.network ?? "")} <When at={r.used_at} />
              {" · "}
              {s.waitsUntil} <When at={r.confirm_by} as="left" />
            </>
          )}
          {r.channel_id && (
            <>
              {" · "}
              <a href={href(`/channels/${r.channel_id}`)}>
                {s.connectedAs} <code>{r.channel}</code>
              </a>
            </>
          )}
        </p>
      </div>
      {manage && moving(r) && (
        <div class="site__actions">
          {r.state === "waiting" && (
            <Button kind="primary" onClick={onConfirm}>
              {s.confirm}
            </Button>
          )}
          <Button kind="danger" onClick={onRefuse}>
            {r.site ? s.refuse : s.takeBack}
          </Button>
        </div>
      )}
    </li>
  );
}

function Address({ site, large = false }: { site: string; large?: boolean }): JSX.Element {
  return (
    <code class={large ? "site__address site__address--large" : "site__address"} dir="ltr">
      {site}
    </code>
  );
}

function TokenDialog({ made, onDone }: { made: { token: string; url: string }; onDone: () => void }): JSX.Element {
  return (
    <FirmDialog title={s.tokenTitle} done={s.tokenDone} onDone={onDone}>
      <ol class="key-steps">
        {s.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <Secret label={s.address} text={made.url || location.origin} />
      <Secret label={s.token} text={made.token} />
      <Notice icon="info">
        {s.once}
      </Notice>
    </FirmDialog>
  );
}

function ConfirmDialog({ of: r, onClose, onConfirmed }: { of: Registration; onClose: () => void; onConfirmed: () => void }): JSX.Element {
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction();
  const site = r.site ?? "";
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!reason.trim()) return;
    const done = await action.run(() => confirmed(() => api.confirmRegistration(r.id, reason.trim())));
    if (!done) return;
    toast(s.confirmedToast(site));
    onConfirmed();
  };
  return (
    <Dialog title={s.confirmTitle} open onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Address site={site} large />
        {/(^|[./])xn--/.test(site) && (
          <Notice kind="warn" icon="alert">
            {s.foreignLetters}
          </Notice>
        )}
        {site.startsWith("http://") && (
          <Notice kind="warn" icon="alert">
            {s.unencrypted}
          </Notice>
        )}
        <p class="section__hint">{s.confirmBody}</p>
        <dl class="facts-row">
          <div>
            <dt>{s.itsName}</dt>
            <dd dir="auto">{r.name}</dd>
          </div>
          {r.software && (
            <div>
              <dt>{s.itsSoftware}</dt>
              <dd>{r.software}</dd>
            </div>
          )}
          <div>
            <dt>{s.itsNetwork}</dt>
            <dd>
              <code>{r.network}</code>
            </dd>
          </div>
          <div>
            <dt>{s.when}</dt>
            <dd>
              <When at={r.used_at} as="exact" />
            </dd>
          </div>
        </dl>
        <p class="section__hint">{s.realm}</p>
        <Reason value={reason} onValue={setReason} tried={tried} />
        {action.problem && <ProblemLine problem={action.problem} />}
        <div class="dialog__foot">
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" busy={action.busy}>
            {s.doConfirm}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
