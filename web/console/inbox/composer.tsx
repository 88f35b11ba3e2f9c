// Where an agent writes: an answer that the visitor sees, or a note that only the
// team sees. Enter sends and Shift+Enter begins a line, as in every chat that agents
// know; on a touch keyboard, which has no Shift+Enter, Enter begins a line.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button, Icon } from "../../shared/ui";
import { DropHere } from "../../shared/ui/tray";
import { personName } from "../names";
import { may } from "../session";
import { t } from "../text";
import type { Row } from "../types";
import { Glyph } from "../ui/glyph";
import { draftOf, keepDraft } from "./drafts";
import { AddFiles, intakeOf, useDropped, Waiting } from "./files";
import { blockedContact } from "./panes";
import { sayTyping, send } from "./thread";

const mostBytes = 16 << 10;
const bytesOf = (text: string) => new TextEncoder().encode(text).length;

let focusNow: ((mode: "reply" | "note") => void) | null = null;

export function focusComposer(mode: "reply" | "note"): void {
  focusNow?.(mode);
}

export function Composer({ row, onSent }: { row: Row; onSent: () => void }): JSX.Element {
  const [note, setNote] = useState(false);
  const [text, setText] = useState(() => draftOf(row.id, false));
  const area = useRef<HTMLTextAreaElement>(null);
  const intake = intakeOf(row.id, note);
  const files = intake.items.value.length ? intake.ready() : [];
  const dragging = useDropped(intake);
  const over = text.length > mostBytes / 4 ? bytesOf(text.trim()) - mostBytes : 0;

  const turn = (toNote: boolean) => {
    if (toNote === note) return;
    setNote(toNote);
    setText(draftOf(row.id, toNote));
  };
  useEffect(() => {
    focusNow = (mode) => {
      turn(mode === "note");
      area.current?.focus();
    };
    return () => void (focusNow = null);
  });
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [text, note]);

  const type = (value: string) => {
    setText(value);
    keepDraft(row.id, note, value);
    if (!note && value.trim()) sayTyping(row.id);
  };
  const idle = over > 0 || !files || (!text.trim() && !files.length);
  const submit = () => {
    const words = text.trim();
    if (idle) return;
    send(row.id, words, note, files);
    intake.clear();
    keepDraft(row.id, note, "");
    setText("");
    onSent();
    area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      area.current?.blur();
      return;
    }
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    const touch = matchMedia("(pointer: coarse)").matches;
    if (touch && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    submit();
  };

  if (!may("conversations.reply")) return <p class="composer composer--closed">{t.composer.readOnly}</p>;
  return (
    <div class={note ? "composer composer--note" : "composer"}>
      {blockedContact.value === row.contact.id && !note && <p class="composer__aside">{t.composer.blocked}</p>}
      {row.contact.kind === "imported" && !note && <p class="composer__aside">{t.history.composer}</p>}
      {row.status === "closed" && !note && <p class="composer__aside">{t.composer.closedHint}</p>}
      {dragging && <DropHere />}
      <div class="composer__box">
        <textarea
          ref={area}
          class="composer__text"
          rows={1}
          dir="auto"
          value={text}
          aria-label={note ? t.thread.note : t.composer.label}
          aria-describedby="composer-keys"
          placeholder={note ? t.composer.noteHint : replyHint(personName(row.contact))}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <Waiting intake={intake} />
        {over > 0 && (
          <p class="field__error composer__over" role="alert">
            <Icon name="alert" />
            {t.composer.tooLong(`${over.toLocaleString(t.locale)} bytes`)}
          </p>
        )}
        <div class="composer__foot">
          <div class="toggle" role="radiogroup" aria-label={t.composer.mode}>
            <Mode on={!note} label={t.composer.reply} onChoose={() => turn(false)} icon={<Icon name="chat" />} />
            <Mode on={note} label={t.composer.note} onChoose={() => turn(true)} icon={<Glyph name="lock" />} />
          </div>
          <AddFiles intake={intake} />
          <span class="composer__keys" id="composer-keys">
            {t.composer.keys}
          </span>
          <Button kind="primary" disabled={idle} onClick={submit}>
            {note ? t.composer.addNote : t.composer.send}
            <Icon name="send" />
          </Button>
        </div>
      </div>
    </div>
  );
}

/** A very long name would fill the field with its hint. */
function replyHint(name: string): string {
  return name.length > 32 ? t.composer.replyHintShort : t.composer.replyHint(name);
}

function Mode({ on, label, icon, onChoose }: { on: boolean; label: string; icon: JSX.Element; onChoose: () => void }): JSX.Element {
  return (
    <button
      type="button"
      class="toggle__option"
      role="radio"
      aria-checked={on}
      tabIndex={on ? 0 : -1}
      onClick={onChoose}
      onKeyDown={(event) => {
        if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key)) return;
        event.preventDefault();
        const other = event.currentTarget.parentElement?.querySelector<HTMLElement>("[aria-checked=false]");
        other?.click();
        other?.focus();
      }}
    >
      {icon}
      {label}
    </button>
  );
}
