// The composer. Enter sends where there is a keyboard; on a touch screen it breaks the line, and the button sends.
import { useSignal } from "@preact/signals";
import type { ComponentType, JSX, TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { FileFacts } from "../protocol/wire";
import { IconButton } from "../shared/ui/button";
import type { EmojiProps } from "./emoji";
import type { Model } from "./model";
import { isLocal } from "./outbox";
import { text } from "./text";

const mostBytes = 16 << 10;
const typingEveryMs = 3000;

export function Composer({ model, id }: { model: Model; id: string }): JSX.Element {
  const t = text();
  const [value, setValue] = useState(() => model.draft(id));
  const files = useSignal<FileFacts[] | undefined>([]); // that wait for this message; undefined while one is on its way
  // A page may do without; then none is taken by paste or drop either.
  const Files = `${model.state.value.page.hide}`.includes("files") ? undefined : model.files.value;
  const [Emoji, setEmoji] = useState<ComponentType<EmojiProps> | undefined>(undefined);
  const box = useRef<HTMLTextAreaElement>(null);
  const emojiButton = useRef<HTMLButtonElement>(null);
  const saidTyping = useRef(0);
  const touch = matchMedia("(pointer: coarse)").matches;
  const tooLong = value.length > mostBytes / 4 && new TextEncoder().encode(value.trim()).length > mostBytes;

  useEffect(() => model.needFiles(), []);
  useLayoutEffect(() => {
    const el = box.current!;
    el.style.blockSize = "auto";
    el.style.blockSize = `${el.scrollHeight + 2}px`;
  }, [value, Files]); // which takes room beside the words

  const empty = tooLong || !files.value || (!value.trim() && !files.value.length);
  const change = (to: string) => {
    setValue(to);
    model.keepDraft(id, to);
    const now = Date.now();
    if (!to || isLocal(id) || now - saidTyping.current < typingEveryMs) return;
    saidTyping.current = now;
    model.core.call("POST", `/conversations/${id}/typing`, {}).catch(() => undefined);
  };
  const send = () => {
    const words = value.trim();
    if (empty) return;
    model.outbox.add(id, words, files.value);
    files.value = [];
    setValue("");
    model.keepDraft(id, "");
    saidTyping.current = 0;
    box.current!.focus();
  };
  const key = (e: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    // While a character is being composed, Enter belongs to the input method.
    if (e.key !== "Enter" || e.shiftKey || e.isComposing || touch) return;
    e.preventDefault();
    send();
  };
  const closeEmoji = () => {
    setEmoji(undefined);
    emojiButton.current?.focus();
  };
  const toggleEmoji = () => {
    if (Emoji) return closeEmoji();
    void import("./emoji").then(
      (m) => setEmoji(() => m.EmojiPicker),
      () => undefined,
    );
  };
  const insert = (emoji: string) => {
    const el = box.current!;
    const { selectionStart: from, selectionEnd: to } = el;
    change(value.slice(0, from) + emoji + value.slice(to));
    setEmoji(undefined);
    el.focus();
    requestAnimationFrame(() => el.setSelectionRange(from + emoji.length, from + emoji.length));
  };

  return (
    <form
      class="composer"
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
      onKeyDown={(e) => {
        if (e.key !== "Escape" || !Emoji) return;
        e.preventDefault(); // closes what was opened last, and not the messenger
        closeEmoji();
      }}
    >
      {Emoji && <Emoji pick={insert} />}
      {tooLong && (
        <p class="field__error" role="alert">
          {t.tooLong}
        </p>
      )}
      <div class="composer__box">
        {Files && <Files.Tray model={model} id={id} ready={files} />}
        <textarea
          ref={box}
          class="composer__text"
          rows={1}
          dir="auto"
          aria-label={t.placeholder}
          placeholder={t.placeholder}
          value={value}
          enterkeyhint={touch ? "enter" : "send"}
          data-start={touch ? undefined : ""}
          onInput={(e) => change(e.currentTarget.value)}
          onKeyDown={key}
        />
        <IconButton icon="smile" label={t.emoji} buttonRef={emojiButton} aria-expanded={Emoji ? "true" : "false"} onClick={toggleEmoji} />
        <IconButton icon="send" kind="primary" label={t.send} type="submit" class="composer__send" disabled={empty} />
      </div>
    </form>
  );
}
