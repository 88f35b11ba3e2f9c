// Things to copy: a block of code, a secret that is shown once, a short value.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Icon, IconButton, toast } from "../../shared/ui";
import { t } from "../text";
import { Glyph } from "./glyph";

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toast(t.common.copyFailed, "bad");
    return false;
  }
}

export function CopyButton({ text, label, kind = "plain" }: { text: string; label?: string; kind?: "plain" | "primary" }): JSX.Element {
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <Button kind={kind} onClick={() => void copy()} aria-live="polite">
      {done ? <Icon name="check" /> : <Glyph name="copy" />}
      {done ? t.common.copied : (label ?? t.common.copy)}
    </Button>
  );
}

export function Code({ text, label }: { text: string; label: string }): JSX.Element {
  return (
    <figure class="code">
      <figcaption class="code__head">
        <span>{label}</span>
        <CopyButton text={text} />
      </figcaption>
      <pre class="code__text" tabIndex={0} dir="ltr" aria-label={label}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}

/** A value that is shown this one time: large, selectable as a whole, with its button. */
export function Secret({ text, label }: { text: string; label: string }): JSX.Element {
  return (
    <div class="secret">
      <span class="field__label">{label}</span>
      <code class="secret__text" dir="ltr" tabIndex={0} aria-label={label}>
        {text}
      </code>
      <CopyButton text={text} kind="primary" />
    </div>
  );
}

export function CopyIcon({ text, what }: { text: string; what: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  if (done) return <IconButton class="mini" icon="check" label={t.common.copied} />;
  return (
    <button type="button" class="button button--quiet button--icon mini" aria-label={t.person.copyValue(what)} title={t.person.copyValue(what)} onClick={() => void copy()}>
      <Glyph name="copy" />
    </button>
  );
}
