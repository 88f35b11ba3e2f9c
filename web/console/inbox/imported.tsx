// What came with another system's export: marked wherever it stands, since nothing of it was proved here.

import type { JSX } from "preact";
import { Icon } from "../../shared/ui";
import { t } from "../text";
import type { Contact } from "../types";
import { Part } from "./person-part";

const h = t.history;

export function ImportedBadge({ title = h.importedHint }: { title?: string }): JSX.Element {
  return (
    <span class="badge badge--imported" title={title}>
      {h.imported}
    </span>
  );
}

/** The sentence about an imported person, in the place where a proof would stand. */
export function ImportedStanding({ contact }: { contact: Contact }): JSX.Element {
  const source = contact.imported?.source ?? "";
  const opened = !!contact.imported?.opened_to;
  return (
    <div class="proof proof--claimed">
      <Icon name="claimed" />
      <div>
        <p class="proof__title">{opened ? h.openedTitle : h.title}</p>
        <p dir="auto">{opened ? h.openedSentence(source) : h.sentence(source)}</p>
      </div>
    </div>
  );
}

/** What a proof must cover to open the history. */
export function ImportedNames({ contact }: { contact: Contact }): JSX.Element | null {
  const names = contact.imported?.names ?? [];
  if (contact.imported?.opened_to) return null;
  return (
    <Part title={h.names}>
      {names.length === 0 ? (
        <p class="dim">{h.noNames}</p>
      ) : (
        <ul class="values">
          {names.map((name) => (
            <li class="value" key={name.kind + name.value}>
              <span class="value__name">{t.kinds[name.kind] ?? name.kind}</span>
              <span class="value__text" dir="auto">
                {name.value}
              </span>
              {name.shared && <span class="value__from">{h.shared}</span>}
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}
