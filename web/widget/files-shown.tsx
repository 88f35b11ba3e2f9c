import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { FileFacts } from "../protocol/wire";
import { language } from "../shared/i18n";
import { Attached, loader } from "../shared/ui/attached";
import type { Model } from "./model";

// Shown is what a message carries, in its bubble.
export function Shown({ model, files, alone }: { model: Model; files: FileFacts[]; alone: boolean }): JSX.Element | null {
  const load = useMemo(() => loader("/api/v1/widget", () => model.core.held.token), [model]);
  return files.length ? <Attached files={files} load={load} alone={alone} language={language()} /> : null;
}
