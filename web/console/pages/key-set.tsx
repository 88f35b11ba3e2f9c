// The keys of an issuer's set: what it publishes, what was revoked here.

import type { JSX } from "preact";
import { Icon, toast } from "../../shared/ui";
import * as api from "../api";
import { t } from "../text";
import { isTime } from "../time";
import type { Key, Kid, PublicHalf } from "../types";
import { ask } from "../ui/ask";
import { When } from "../ui/when";

const p = t.proofs;

export function IssuerSet({ subject, half, manage, onDone }: { subject: Key; half: PublicHalf; manage: boolean; onDone: () => void }): JSX.Element {
  const kids = half.kids ?? [];
  return (
    <section class="key-set" aria-label={p.set}>
      <dl class="facts-row">
        <div>
          <dt>{p.issuer}</dt>
          <dd class="key-set__text" dir="ltr">
            {half.issuer}
          </dd>
        </div>
        <div>
          <dt>{p.address}</dt>
          <dd class="key-set__text" dir="ltr">
            {half.jwks_url}
          </dd>
        </div>
        <div>
          <dt>{p.fetched}</dt>
          <dd>{isTime(half.fetched_at) ? <When at={half.fetched_at} /> : p.never}</dd>
        </div>
      </dl>
      {kids.length > 0 ? <Kids subject={subject} kids={kids} manage={manage} onDone={onDone} /> : isTime(half.fetched_at) && <p class="key__note">{p.none}</p>}
      <p class="field__hint">{p.setHint}</p>
    </section>
  );
}

function Kids({ subject, kids, manage, onDone }: { subject: Key; kids: Kid[]; manage: boolean; onDone: () => void }): JSX.Element {
  return (
    <div class="table-scroll">
      <table class="table">
        <caption class="sr-only">{p.set}</caption>
        <thead>
          <tr>
            <th scope="col">{p.kid}</th>
            <th scope="col">{p.state}</th>
            {manage && (
              <th scope="col">
                <span class="sr-only">{p.revoke}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {kids.map((kid) => (
            <tr key={kid.kid}>
              <td class="key-set__text" dir="ltr">
                <code>{kid.kid}</code>
              </td>
              <td>
                <State kid={kid} />
              </td>
              {manage && <td class="key-set__do">{!isTime(kid.revoked_at) && <Revoke subject={subject} kid={kid.kid} onDone={onDone} />}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function State({ kid }: { kid: Kid }): JSX.Element {
  if (isTime(kid.revoked_at))
    return (
      <span class="chip chip--revoked">
        <Icon name="close" />
        {p.revoked} <When at={kid.revoked_at} />
      </span>
    );
  return kid.published ? (
    <span class="chip chip--active">
      <Icon name="check" />
      {p.verifies}
    </span>
  ) : (
    <span class="chip">{p.withdrawn}</span>
  );
}

function Revoke({ subject, kid, onDone }: { subject: Key; kid: string; onDone: () => void }): JSX.Element {
  const press = () =>
    ask({
      title: p.revokeTitle(kid),
      body: <p>{p.revokeBody}</p>,
      action: p.revoke,
      danger: true,
      run: async () => {
        const done = await api.revokeKid(subject.id, kid);
        toast(p.revokedToast(kid, done.sessions_ended));
        onDone();
      },
    });
  return (
    <button type="button" class="button button--plain" aria-label={p.revokeThis(kid)} onClick={press}>
      {p.revoke}
    </button>
  );
}
