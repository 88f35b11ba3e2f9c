// How the record stands: whether its newest entries verify, and how far the last checkpoint reaches.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon, Notice } from "../../../shared/ui";
import * as api from "../../api";
import { t } from "../../text";
import { When } from "../../ui/when";
import type { AuditStatus } from "../../types";

const r = t.record;

/** Nothing is shown while it is asked, or if it cannot be: the list below says so by itself. */
export function RecordStatus({ turn }: { turn: number }): JSX.Element | null {
  const [status, setStatus] = useState<AuditStatus | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    api.auditStatus(abort.signal).then(setStatus, () => undefined);
    return () => abort.abort();
  }, [turn]);
  if (!status) return <p class="audit__status dim">&nbsp;</p>;
  if (!status.intact)
    return (
      <Notice icon="alert" kind="bad">
        <strong>{r.broken}</strong>
        <ul class="audit__faults">
          {(status.faults ?? []).slice(0, 5).map((fault) => (
            <li key={fault}>
              <bdi>{fault}</bdi>
            </li>
          ))}
        </ul>
        {r.brokenHint}
      </Notice>
    );
  const { checkpoint } = status;
  return (
    <p class="audit__status">
      <Icon name="check" />
      <span>
        {status.checked ? r.verified(status.checked.toLocaleString()) : r.verifiedNone}{" "}
        {checkpoint ? (
          <>
            {r.checkpoint(checkpoint.number)}{" "}
            <When at={checkpoint.at} as="exact" />
            {checkpoint.since ? r.after(checkpoint.since) : ` ${r.covers}`}
          </>
        ) : (
          r.noCheckpoint
        )}
        {status.pruned > 0 && ` ${r.pruned(status.pruned.toLocaleString())}`}
      </span>
    </p>
  );
}
