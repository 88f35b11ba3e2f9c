import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { FileFacts } from "../protocol/wire";
import { language } from "../shared/i18n";
import { Attached, loader } from "../shared/ui/attached";
import type { Model } from "./model";

const inApp = "CountersignShell" in window;

// Shown is what a message carries, in its bubble.
export function Shown({ model, files, alone }: { model: Model; files: FileFacts[]; alone: boolean }): JSX.Element | null {
  const load = useMemo(() => loader("/api/v1/widget", () => model.core.held.token), [model]);
  return files.length ? <Attached files={files} load={load} alone={alone} language={language()} hand={inApp ? hand : undefined} /> : null;

  // The web view of an app saves nothing: the app opens a link to this one file, which lives for a minute.
  async function hand(id: string): Promise<void> {
    const link = await model.core.call<{ url: string }>("POST", `/files/${id}/link`, {});
    open(link.url);
  }
}
