// What is known of a person, each value with who vouches for it. A colleague may add a
// value, which stands beside the others; an operator may say that only signed ones count.

import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Button, Dialog, Field, Icon, IconButton, toast } from "../../shared/ui";
import * as api from "../api";
import { problemOf } from "../http";
import { keyName } from "../names";
import { may } from "../session";
import { t } from "../text";
import { exact, isTime, moment } from "../time";
import type { Attribute, Contact } from "../types";
import { ask, explain, ProblemLine, useAction } from "../ui/ask";
import { Glyph } from "../ui/glyph";
import { Menu } from "../ui/popover";
import type { Resource } from "../ui/resource";

const p = t.person;
const w = t.personal;
const order: Record<string, number> = { signed: 0, agent: 1, email: 2, import: 3, claimed: 4 };

/** Values of one name stand side by side, the strongest provenance first. */
export function Attributes({ contact, resource }: { contact: Contact; resource: Resource<Contact> }): JSX.Element {
  const [adding, setAdding] = useState(false);
  const byName = new Map<string, Attribute[]>();
  const proved = new Set((contact.identifiers ?? []).map((i) => `${i.kind}:${i.value}`));
  // What stands above as an identifier is not said twice.
  const shownOnes = (contact.attributes ?? []).filter((a) => a.provenance !== "signed" || !proved.has(`${a.name}:${String(a.value)}`));
  for (const attribute of shownOnes) byName.set(attribute.name, [...(byName.get(attribute.name) ?? []), attribute]);
  return (
    <>
      {byName.size === 0 && <p class="dim">{p.attributesNone}</p>}
      <dl class="attributes">
        {[...byName].map(([name, values]) => (
          <div key={name} class="attribute">
            <dt>
              <span>{name}</span>
              {may("channels.manage") && name !== "user_id" && <NameMenu name={name} resource={resource} />}
            </dt>
            {[...values]
              .sort((a, b) => (order[a.provenance] ?? 9) - (order[b.provenance] ?? 9))
              .map((value) => (
                <Value key={value.provenance} value={value} contact={contact} resource={resource} />
              ))}
          </div>
        ))}
      </dl>
      {may("conversations.reply") && (
        <Button kind="quiet" icon="plus" onClick={() => setAdding(true)}>
          {w.note}
        </Button>
      )}
      {adding && <NoteDialog contact={contact} resource={resource} onClose={() => setAdding(false)} />}
    </>
  );
}

function Value({ value, contact, resource }: { value: Attribute; contact: Contact; resource: Resource<Contact> }): JSX.Element {
  const takeBack = async () => {
    try {
      await api.setAttributes(contact.id, { [value.name]: null });
      toast(w.takenBack);
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
    }
    void resource.reload();
  };
  const method = value.method ? (t.methods[value.method] ?? value.method) : "";
  const facts = [method, keyName(value.key), isTime(value.at) ? moment(value.at) : ""].filter(Boolean).join(" · ");
  return (
    <dd class={value.ignored ? "attribute__value attribute__value--ignored" : "attribute__value"}>
      <span class="attribute__text" dir="auto">
        {shown(value.value)}
      </span>
      <Provenance value={value} />
      {value.provenance === "agent" && may("conversations.reply") && <IconButton icon="close" label={w.takeBack(value.name)} onClick={() => void takeBack()} />}
      {(facts || value.ignored) && <span class="attribute__facts" title={isTime(value.at) ? exact(value.at) : ""}>{value.ignored ? w.ignored : facts}</span>}
    </dd>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Provenance({ value }: { value: Attribute }): JSX.Element {
  return (
    <span class={`from from--${value.provenance}`} title={p.provenanceHints[value.provenance] ?? ""}>
      {value.provenance === "signed" ? <Icon name="verified" /> : value.provenance === "claimed" ? <Icon name="claimed" /> : null}
      {p.provenance[value.provenance] ?? value.provenance}
    </span>
  );
}

function NameMenu({ name, resource }: { name: string; resource: Resource<Contact> }): JSX.Element {
  return (
    <Menu
      label={w.more(name)}
      align="end"
      button={(props) => (
        <button type="button" class="button button--quiet button--icon attribute__more" aria-label={w.more(name)} {...props}>
          <Glyph name="more" />
        </button>
      )}
      items={[{ label: w.onlySignedAction, icon: <Glyph name="lock" />, onChoose: () => askOnlySigned(name, () => void resource.reload()) }]}
    />
  );
}

/** Ask before unsigned values of a name stop being kept. */
export function askOnlySigned(name: string, done: () => void): void {
  ask({
    title: w.onlySignedTitle(name),
    body: w.onlySignedBody(name),
    action: w.onlySignedAction,
    run: async () => {
      await api.setAttributePolicy(name, true);
      done();
      toast(w.onlySignedToast(name));
    },
  });
}

function NoteDialog({ contact, resource, onClose }: { contact: Contact; resource: Resource<Contact>; onClose: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const { busy, problem, run } = useAction();
  const save = async (event?: TargetedSubmitEvent<HTMLFormElement>) => {
    event?.preventDefault();
    if (!(await run(() => api.setAttributes(contact.id, { [name.trim()]: value })))) return;
    toast(w.noteToast);
    onClose();
    void resource.reload();
  };
  return (
    <Dialog
      title={w.noteTitle}
      open
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" busy={busy} disabled={!name.trim() || !value} onClick={() => void save()}>
            {w.noteSave}
          </Button>
        </>
      }
    >
      <form class="stack" onSubmit={(event) => void save(event)}>
        <p class="dim">{w.noteHint}</p>
        <Field label={w.noteName} value={name} onValue={setName} hint={w.noteNameHint} maxLength={100} autocomplete="off" />
        <Field label={w.noteValue} value={value} onValue={setValue} maxLength={255} autocomplete="off" />
        {problem && <ProblemLine problem={problem} />}
        <button type="submit" class="sr-only" tabIndex={-1} aria-hidden="true" />
      </form>
    </Dialog>
  );
}
