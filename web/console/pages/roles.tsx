// What the workspace asks of its people, and what each role may do: as the server
// says it, so that the table is the one that decides.

import type { JSX } from "preact";
import { Button, Icon, toast } from "../../shared/ui";
import * as api from "../api";
import { may, me } from "../session";
import { t } from "../text";
import type { Agent } from "../types";
import { ask } from "../ui/ask";
import { confirmed } from "../ui/confirm";
import { Loaded, Section } from "../ui/page";
import { useResource } from "../ui/resource";

const m = t.people;

export function FactorRule({ agents }: { agents: Agent[] }): JSX.Element {
  const rule = useResource(() => api.teamRule(), []);
  const owns = may("team.manage") && me.value?.agent.role === "owner";
  const without = agents.filter((a) => (a.role === "owner" || a.role === "security") && a.joined !== false && !a.second_factor).length;
  const set = (on: boolean) =>
    ask({
      title: on ? m.ruleOnTitle : m.ruleOffTitle,
      body: on ? m.ruleOnBody(without) : m.ruleOffBody,
      action: on ? m.ruleTurnOn : m.ruleTurnOff,
      danger: !on,
      run: async () => {
        await confirmed(() => api.setTeamRule(on));
        toast(m.ruleSaved);
        await rule.reload();
      },
    });
  return (
    <Loaded resource={rule} failed={m.ruleTitle} lines={2}>
      {({ second_factor: on }) => (
        <Section
          title={
            <>
              {m.ruleTitle} <span class={on ? "chip chip--good" : "chip chip--pending"}>{on ? m.ruleOn : m.ruleOff}</span>
            </>
          }
          hint={m.ruleHint}
          action={owns && <Button onClick={() => set(!on)}>{on ? m.ruleTurnOff : m.ruleTurnOn}</Button>}
        >
          {null}
        </Section>
      )}
    </Loaded>
  );
}

export function RolesTable(): JSX.Element {
  const roles = useResource(async () => (await api.roles()).roles ?? [], []);
  return (
    <Section title={m.roles} hint={m.rolesHint}>
      <Loaded resource={roles} failed={m.rolesFailed}>
        {(list) => (
          <div class="roles" tabIndex={0} role="region" aria-label={m.roles}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{m.right}</th>
                  {list.map((row) => (
                    <th key={row.role} scope="col" title={t.roleHints[row.role]}>
                      {t.roles[row.role] ?? row.role}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {(list[0]?.rights ?? []).map((right) => (
                  <tr key={right}>
                    <th scope="row">{t.rights[right] ?? right}</th>
                    {list.map((row) => (
                      <td key={row.role}>
                        {row.rights?.includes(right) ? (
                          <>
                            <Icon name="check" />
                            <span class="sr-only">{m.yes}</span>
                          </>
                        ) : (
                          <span class="sr-only">{m.no}</span>
                        )}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Section>
  );
}
