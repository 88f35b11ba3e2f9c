// The files of a message: pictures that we made anew are shown, anything else is a download. Their bytes come by a call that
// carries the session, never by an address; what is shown of them goes when the thread goes.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { FileFacts } from "../../protocol/wire";
import { Shown } from "../shown";
import { sizeOf } from "../size";
import { filesText as t } from "../text/files.en";
import { Glyph } from "./glyphs";

export type Fetch = (path: string) => Promise<Blob>; // below /files

export interface AttachedProps {
  files: FileFacts[];
  load: Fetch;
  alone: boolean; // there are no words beside them
  language: string;
  hand?: Hand | undefined;
}

// Hand lets somebody else fetch a file where this page cannot save one.
export type Hand = (id: string) => Promise<void>;

export function Attached({ files, load, alone, language, hand }: AttachedProps): JSX.Element {
  const pictures = files.filter((f) => f.width && f.height);
  const others = files.filter((f) => !f.width || !f.height);
  return (
    <div class={alone ? "files files--alone" : "files"}>
      {!!pictures.length && (
        <div class={pictures.length > 1 ? "files__grid" : undefined}>
          {pictures.map((f) => (
            <Picture key={f.id} file={f} load={load} language={language} several={pictures.length > 1} hand={hand} />
          ))}
        </div>
      )}
      {others.map((f) => (
        <Chip key={f.id} file={f} load={load} language={language} hand={hand} />
      ))}
    </div>
  );
}

const mostPx = 240;

function Picture({ file, load, language, several, hand }: { file: FileFacts; load: Fetch; language: string; several: boolean; hand: Hand | undefined }): JSX.Element {
  const thumbnail = useMemo(() => new Shown(() => load(`/${file.id}/thumbnail`)), []);
  const { url, failed } = thumbnail;
  const open = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const watch = new IntersectionObserver(
      (seen) => {
        if (!seen.some((s) => s.isIntersecting)) return;
        watch.disconnect();
        thumbnail.get();
      },
      { rootMargin: "300px" },
    );
    watch.observe(button.current!);
    return () => {
      watch.disconnect();
      thumbnail.leave();
    };
  }, []);
  // Its place is as large as it will be, so that nothing moves when it comes.
  const scale = Math.min(1, mostPx / Math.max(file.width!, file.height!));
  const style = several ? undefined : { inlineSize: `${Math.max(48, Math.round(file.width! * scale))}px`, aspectRatio: `${file.width} / ${file.height}` };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={url.value ? "picture" : "picture picture--coming"}
        style={style}
        aria-label={failed.value ? `${t.gone}: ${file.name}` : t.show(file.name)}
        title={file.name}
        onClick={() => (failed.value ? thumbnail.get() : (open.value = true))}
      >
        {url.value && <img src={url.value} alt="" />}
        {failed.value && <span class="picture__gone">{t.gone}</span>}
      </button>
      {open.value && (
        <Viewer
          file={file}
          load={load}
          small={url.value}
          language={language}
          hand={hand}
          close={() => {
            open.value = false;
            button.current?.focus();
          }}
        />
      )}
    </>
  );
}

// Viewer shows one picture as large as there is room.
function Viewer({ file, load, small, language, hand, close }: { file: FileFacts; load: Fetch; small: string; language: string; hand: Hand | undefined; close: () => void }): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  const picture = useMemo(() => new Shown(() => load(`/${file.id}`)), []);
  const { url, failed } = picture;
  useEffect(() => {
    box.current!.showModal();
    picture.get();
    return () => picture.leave();
  }, []);
  return (
    <dialog
      ref={box}
      class="viewer"
      aria-label={file.name}
      onKeyDown={(e) => {
        if (e.key !== "Escape") return;
        e.preventDefault(); // closes this, and not what lies below
        e.stopPropagation();
        close();
      }}
      onCancel={(e) => {
        e.preventDefault();
        close();
      }}
      onClick={(e) => e.target === e.currentTarget && close()}
    >
      <header class="viewer__bar">
        <bdi class="viewer__name">{file.name}</bdi>
        <button type="button" class="tray__button" aria-label={t.downloadFile(file.name, sizeOf(file.size, language))} title={t.download} disabled={!url.value} onClick={() => (hand ? void hand(file.id).catch(() => (failed.value = true)) : save(url.value, file.name))}>
          <Glyph name="download" />
        </button>
        <button type="button" class="tray__button" aria-label={t.close} title={t.close} onClick={close}>
          <Glyph name="close" />
        </button>
      </header>
      {failed.value ? <p class="viewer__gone" role="alert">{t.gone}</p> : <img class="viewer__picture" src={url.value || small} alt={file.name} />}
    </dialog>
  );
}

function Chip({ file, load, language, hand }: { file: FileFacts; load: Fetch; language: string; hand: Hand | undefined }): JSX.Element {
  const busy = useSignal(false);
  const failed = useSignal(false);
  const size = sizeOf(file.size, language);
  const get = () => {
    if (busy.value) return;
    busy.value = true;
    failed.value = false;
    const saved =
      hand?.(file.id) ??
      load(`/${file.id}`).then((b) => {
        // Bytes of others never become a document of our origin, whatever they are called.
        const url = URL.createObjectURL(new Blob([b], { type: "application/octet-stream" }));
        save(url, file.name);
        setTimeout(() => URL.revokeObjectURL(url), 60_000);
      });
    saved.catch(() => (failed.value = true)).finally(() => (busy.value = false));
  };
  return (
    <button type="button" class="attached" aria-busy={busy.value ? "true" : undefined} aria-label={t.downloadFile(file.name, size)} title={file.name} onClick={get}>
      <Glyph name={busy.value ? "download" : "file"} />
      <span class="attached__words">
        <bdi class="attached__name">{file.name}</bdi>
        <span class="attached__size" role={failed.value ? "alert" : undefined}>
          {failed.value ? t.gone : size}
        </span>
      </span>
    </button>
  );
}

function save(url: string, name: string): void {
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
}

// loader fetches bytes under /files of an API.
export function loader(base: string, token?: () => string | undefined): Fetch {
  return async (path) => {
    const bearer = token?.();
    const answer = await fetch(`${base}/files${path}`, {
      headers: bearer ? { Authorization: `Bearer ${bearer}` } : {},
      credentials: token ? "omit" : "same-origin",
      cache: "no-store",
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.blob();
  };
}
