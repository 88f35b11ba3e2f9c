// What a company may be asked for, by law: everything that is kept of a person, handed
// over in one file, or erased for good.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Field, toast } from "../../shared/ui";
import * as api from "../api";
import { problemOf } from "../http";
import { personName } from "../names";
import { may } from "../session";
import { t } from "../text";
import type { Contact } from "../types";
import { ask, explain } from "../ui/ask";
import { Check } from "../ui/forms";
import { Part } from "./person-part";

const w = t.personal;

export function File({ contact, onErased }: { contact: Contact; onErased: () => void }): JSX.Element | null {
  const [busy, setBusy] = useState(false);
  if (!may("people.export") && !may("people.erase")) return null;
  const erase = async () => {
    setBusy(true);
    try {
      askErase(contact, await api.holdings(contact.id), onErased);
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Part title={w.file}>
      <p class="dim small">{w.fileHint}</p>
      <div class="person__acts">
        {may("people.export") && <Button onClick={() => askExport(contact)}>{w.exportFile}</Button>}
        {may("people.erase") && (
          <Button kind="danger" busy={busy} onClick={() => void erase()}>
            {w.erase}
          </Button>
        )}
      </div>
    </Part>
  );
}

function askExport(contact: Contact): void {
  const wish = { notes: false };
  ask({
    title: w.exportTitle,
    body: (
      <>
        <p>{w.exportBody}</p>
        <NotesChoice onValue={(notes) => (wish.notes = notes)} />
      </>
    ),
    action: w.exportAction,
    run: async () => {
      const file = await api.exportContact(contact.id, wish.notes);
      save(`${contact.id}.json`, JSON.stringify(file, null, 2));
      toast(w.exported);
    },
  });
}

function NotesChoice({ onValue }: { onValue: (notes: boolean) => void }): JSX.Element {
  const [notes, setNotes] = useState(false);
  return (
    <Check
      label={w.exportNotes}
      hint={w.exportNotesHint}
      checked={notes}
      onValue={(checked) => {
        setNotes(checked);
        onValue(checked);
      }}
    />
  );
}

/** A file that the browser keeps; nothing of it is in an address. */
function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function askErase(contact: Contact, held: Awaited<ReturnType<typeof api.holdings>>, onErased: () => void): void {
  const said = { reason: "" };
  ask({
    title: w.eraseTitle(personName(contact)),
    body: (
      <>
        <p>{w.eraseBody(held)}</p>
        <p>{w.eraseRecord}</p>
        <ReasonField onValue={(reason) => (said.reason = reason)} />
      </>
    ),
    action: w.eraseAction,
    danger: true,
    run: async () => {
      const gone = await api.erase(contact.id, said.reason);
      toast(gone.settled ? w.erased(gone.messages) : w.erasedNotSettled);
      onErased();
    },
  });
}

function ReasonField({ onValue }: { onValue: (reason: string) => void }): JSX.Element {
  const [reason, setReason] = useState("");
  return (
    <Field
      label={w.eraseReason}
      hint={w.eraseReasonHint}
      value={reason}
      maxLength={200}
      autocomplete="off"
      onValue={(text) => {
        setReason(text);
        onValue(text);
      }}
    />
  );
}
