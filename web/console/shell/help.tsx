import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { Dialog } from "../../shared/ui";
import { t } from "../text";
import { Check } from "../ui/forms";
import { setSingleKeys, singleKeys } from "./keys";

const open = signal(false);

export function openHelp(): void {
  open.value = true;
}

export const modKey = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";

const h = t.keysHelp;
const groups: { title: string; keys: [string[], string][] }[] = [
  {
    title: h.groups.everywhere,
    keys: [
      [[modKey, "K"], h.palette],
      [["?"], h.help],
      [["G", "I"], h.goInbox],
      [["G", "D"], h.goIdentity],
      [["G", "C"], h.goChannels],
      [["G", "T"], h.goTeam],
      [["G", "A"], h.goAudit],
      [["Esc"], h.leave],
    ],
  },
  { title: h.groups.list, keys: [[["J"], h.next], [["K"], h.previous], [["/"], h.search]] },
  {
    title: h.groups.thread,
    keys: [[["R"], h.reply], [["N"], h.note], [["E"], h.resolve], [["A"], h.assign], [["S"], h.snooze], [["P"], h.person]],
  },
  { title: h.groups.composer, keys: [[["Enter"], h.send], [[modKey, "Enter"], h.send], [["Shift", "Enter"], h.line]] },
];

export function Help(): JSX.Element {
  return (
    <Dialog title={h.title} open={open.value} onClose={() => (open.value = false)}>
      <div class="keys">
        {groups.map((group) => (
          <section key={group.title}>
            <h3 class="keys__title">{group.title}</h3>
            <dl class="keys__list">
              {group.keys.map(([keys, words]) => (
                <div key={keys.join()} class="keys__row">
                  <dt>{words}</dt>
                  <dd>
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <Check label={h.singles} hint={h.singlesHint} checked={singleKeys.value} onValue={setSingleKeys} />
    </Dialog>
  );
}
