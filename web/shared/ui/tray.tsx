// What was added to a message and waits to be sent with it: how far each file is, what went wrong, and the way out.
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Intake, Item } from "../intake";
import { maxFiles } from "../intake";
import { sizeOf } from "../size";
import { filesText as t } from "../text/files.en";
import { Glyph } from "./glyphs";

export function TrayList({ intake, limit, language }: { intake: Intake; limit: number; language: string }): JSX.Element | null {
  // What failed stands first, and in view: nobody would scroll a short list to learn that a file is not coming.
  const items = [...intake.items.value].sort((a, b) => Number(b.state === "failed") - Number(a.state === "failed"));
  const failed = items.filter((i) => i.state === "failed").length;
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => {
    if (failed && list.current) list.current.scrollTop = 0;
  }, [failed]);
  if (!items.length && !intake.over.value) return null;
  return (
    <div class="tray">
      {intake.over.value && (
        <p class="tray__note" role="alert">
          {t.tooMany(maxFiles)}
        </p>
      )}
      {!!items.length && (
        <ul ref={list} class="tray__list" aria-label={t.files}>
          {items.map((i) => (
            <TrayItem key={i.key} item={i} intake={intake} limit={limit} language={language} />
          ))}
        </ul>
      )}
    </div>
  );
}

function TrayItem({ item, intake, limit, language }: { item: Item; intake: Intake; limit: number; language: string }): JSX.Element {
  const percent = Math.round(item.part * 100);
  const again = item.state === "failed" && !["file_too_large", "empty", "file_refused"].includes(item.code);
  return (
    <li class={`tray__item tray__item--${item.state}`}>
      {item.preview ? <img class="tray__preview" src={item.preview} alt="" /> : <span class="tray__preview"><Glyph name="file" /></span>}
      <span class="tray__words">
        <bdi class="tray__name" title={item.name}>
          {item.name}
        </bdi>
        {item.state === "failed" ? (
          <span class="tray__error" role="alert">
            {whyNot(item, limit, language)}
          </span>
        ) : (
          <span class="tray__size">{item.state === "waiting" ? t.waiting : sizeOf(item.size, language)}</span>
        )}
        {(item.state === "coming" || item.state === "waiting") && (
          <progress class="tray__bar" max={100} {...(item.state === "coming" && item.part < 1 ? { value: percent } : {})} aria-label={t.coming(item.name, percent)} />
        )}
      </span>
      {again && (
        <button type="button" class="tray__button" aria-label={t.retry(item.name)} title={t.tryAgain} onClick={() => intake.retry(item.key)}>
          <Glyph name="retry" />
        </button>
      )}
      <button type="button" class="tray__button" aria-label={t.remove(item.name)} title={t.remove(item.name)} onClick={() => intake.remove(item.key)}>
        <Glyph name="close" />
      </button>
    </li>
  );
}

function whyNot(item: Item, limit: number, language: string): string {
  switch (item.code) {
    case "file_too_large":
      return t.tooLarge(sizeOf(limit, language));
    case "empty":
      return t.empty;
    case "file_refused":
      return t.refused;
    case "storage_full":
      return t.full;
    case "too_many":
      return t.quota;
  }
  return t.failed;
}

// Picker is the button beside the words, with the field behind it that asks the system for files.
export function Picker({ add, box }: { add: (files: File[]) => void; box: { current: HTMLInputElement | null } }): JSX.Element {
  return (
    <>
      <input
        ref={box}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-hidden="true"
        onChange={(e) => {
          add([...(e.currentTarget.files ?? [])]);
          e.currentTarget.value = ""; // the same file again is a change again
        }}
      />
      <button type="button" class="button button--quiet button--icon clip" title={t.add} aria-label={t.add} onClick={() => box.current!.click()}>
        <Glyph name="clip" />
      </button>
    </>
  );
}

// DropHere lies over everything while files hang over it.
export function DropHere(): JSX.Element {
  return (
    <div class="drop" aria-hidden="true">
      <span class="drop__words">
        <Glyph name="clip" />
        {t.drop}
      </span>
    </div>
  );
}
