import type { JSX } from "preact";
import { Button, toast } from "../../shared/ui";
import * as api from "../api";
import { browserOf } from "../inbox/person";
import { leave, me } from "../session";
import { t } from "../text";
import type { Login } from "../types";
import { Glyph } from "../ui/glyph";
import { Loaded, PageFrame, Section } from "../ui/page";
import { useResource } from "../ui/resource";
import { When } from "../ui/when";

export function AccountPage(): JSX.Element {
  const logins = useResource(async () => (await api.logins()).logins ?? [], []);
  const who = me.value?.agent;
  const end = async (login: Login) => {
    logins.set((logins.data ?? []).filter((l) => l.id !== login.id));
    try {
      await api.endLogin(login.id);
      if (login.current) leave("signed_out");
      else toast(t.account.endedToast);
    } catch {
      toast(t.problem.title, "bad");
      void logins.reload();
    }
  };
  return (
    <PageFrame title={t.account.title} subtitle={t.account.subtitle}>
      <Loaded resource={logins} failed={t.account.failed} lines={4}>
        {(list) => (
          <ul class="cards">
            {list.map((login) => {
              const what = browserOf(login.user_agent) || t.common.unknown;
              return (
                <li key={login.id} class="card card--line">
                  <Glyph name="device" />
                  <div class="card__main">
                    <p class="card__title">
                      {what}
                      {login.current && <span class="chip chip--good">{t.account.current}</span>}
                    </p>
                    <p class="dim">
                      {t.account.signedIn} <When at={login.created_at} /> · {t.account.seen} <When at={login.seen_at} /> · {t.account.ends}{" "}
                      <When at={login.expires_at} as="left" />
                    </p>
                  </div>
                  <Button aria-label={t.account.endLabel(what)} onClick={() => void end(login)}>
                    {t.account.end}
                  </Button>
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
      <Section title={t.account.who}>
        <p>
          <strong dir="auto">{who?.name}</strong> <span class="dim">{who?.email}</span>
        </p>
        <p>
          {t.roles[who?.role ?? ""]}: <span class="dim">{t.roleHints[who?.role ?? ""]}</span>
        </p>
        <p class="section__hint">{t.account.rights}</p>
        <ul class="ticks">
          {(me.value?.rights ?? []).map((right) => (
            <li key={right}>{t.rights[right] ?? right}</li>
          ))}
        </ul>
      </Section>
    </PageFrame>
  );
}
