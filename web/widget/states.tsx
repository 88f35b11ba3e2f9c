// The states in which there is no chat to show, each with what happened and what to do.
import type { JSX } from "preact";
import { Avatar } from "../shared/ui/avatar";
import { Button } from "../shared/ui/button";
import { Empty, Failure } from "../shared/ui/state";
import { Skeleton } from "../shared/ui/waiting";
import { Head } from "./head";
import type { Model } from "./model";
import { text } from "./text";

export function Waiting({ model }: { model: Model }): JSX.Element {
  return (
    <>
      <Head model={model} />
      <div class="scroll pad">
        <Skeleton lines={2} height={28} />
        <br />
        <Skeleton height={72} />
        <br />
        <Skeleton lines={3} height={20} />
      </div>
    </>
  );
}

export function Refused({ model }: { model: Model }): JSX.Element {
  const t = text();
  const site = model.siteName();
  const required = model.state.value.error?.code === "identity_required";
  return (
    <Pane model={model}>
      <Empty icon="claimed" title={required ? t.requiredTitle : t.refusedTitle} text={required ? (model.state.value.channel?.email_code ? t.requiredOrCode(site) : t.requiredText(site)) : t.refusedText(site)}>
        {model.state.value.channel?.email_code && (
          <Button kind="primary" icon="verified" data-start="" onClick={() => model.proveEmail()}>
            {t.proveEmail}
          </Button>
        )}
        <Again model={model} />
      </Empty>
    </Pane>
  );
}

export function Ended({ model }: { model: Model }): JSX.Element {
  const t = text();
  const elsewhere = model.state.value.reason === "elsewhere";
  const draft = elsewhere ? "" : model.draft(model.route.value.id);
  return (
    <Pane model={model}>
      <Empty icon="info" title={elsewhere ? t.elsewhereTitle : t.endedTitle} text={elsewhere ? t.elsewhereText : t.endedText}>
        {!elsewhere && <Again model={model} />}
        {draft && (
          <label class="kept">
            {t.draftKept}
            <textarea class="input" readOnly rows={4} value={draft} />
          </label>
        )}
      </Empty>
    </Pane>
  );
}

export function Failed({ model }: { model: Model }): JSX.Element {
  const t = text();
  const { error } = model.state.value;
  return (
    <Pane model={model}>
      {error?.code === "proof_missing" || !error ? (
        <Empty icon="claimed" title={t.noProofTitle} text={t.noProofText}>
          <Again model={model} />
        </Empty>
      ) : (
        <Failure title={t.failedTitle} error={error} retry={() => model.core.retry()} />
      )}
    </Pane>
  );
}

function Again({ model }: { model: Model }): JSX.Element {
  return (
    <Button icon="retry" data-start="" onClick={() => model.core.retry()}>
      {text().retry}
    </Button>
  );
}

function Pane({ model, children }: { model: Model; children: JSX.Element }): JSX.Element {
  return (
    <>
      <Head model={model}>
        <Avatar name={model.teamName()} size={28} />
        <h1 class="head__title">
          <bdi>{model.teamName()}</bdi>
        </h1>
      </Head>
      <div class="scroll middle">{children}</div>
    </>
  );
}
