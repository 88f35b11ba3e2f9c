// The button, the list and the ways by which files come to a message of the visitor.
import { useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { FileFacts } from "../protocol/wire";
import { takeDropped } from "../shared/dropping";
import { Intake } from "../shared/intake";
import { language } from "../shared/i18n";
import { filesText as t } from "../shared/text/files.en";
import { DropHere, Picker, TrayList } from "../shared/ui/tray";
import { upload } from "../shared/upload";
import type { Model } from "./model";
import { isLocal } from "./outbox";

export interface TrayProps {
  model: Model;
  id: string;
  ready: Signal<FileFacts[] | undefined>; // what the message may carry; undefined while something is on its way; set to [] when it was sent
}

export function Tray({ model, id, ready }: TrayProps): JSX.Element | null {
  const limit = model.state.value.channel?.file_bytes ?? 0;
  const over = useSignal(false);
  const box = useRef<HTMLInputElement>(null);
  const told = useRef<FileFacts[] | undefined>(undefined);
  // What was handed in lies on the lane's shelf as the draft does, and dies with it.
  const shelf = `files-${isLocal(id) ? "new" : id}`;
  const intake = useMemo(() => {
    const made = intakeOf(model);
    made.resume(model.core.shelf().get<FileFacts[]>(shelf) ?? []);
    return made;
  }, []);

  useEffect(
    () =>
      intake.items.subscribe((items) => {
        const list = intake.ready();
        ready.value = told.current = list;
        const there = items.flatMap((i) => (i.facts ? [i.facts] : []));
        model.core.shelf().set(shelf, there.length ? there : undefined);
      }),
    [shelf],
  );
  useEffect(() => () => intake.close(), []);
  useEffect(() => ready.subscribe((now) => now !== told.current && !now?.length && intake.clear()), []);

  const add = (files: File[]) => {
    intake.add(files);
    model.heard.value = files.map((f) => t.added(f.name)).join(". ");
    document.querySelector<HTMLElement>(".composer__text")?.focus({ preventScroll: true });
  };
  useEffect(() => (limit ? takeDropped(add, (is) => (over.value = is)) : undefined), [limit]);

  if (!limit) return null;
  return (
    <>
      <TrayList intake={intake} limit={limit} language={language()} />
      <Picker add={add} box={box} />
      {over.value && <DropHere />}
    </>
  );
}

function intakeOf(model: Model): Intake {
  const { core } = model;
  return new Intake({
    limit: () => model.state.value.channel?.file_bytes ?? 0,
    send: async (file, progress) => {
      await core.begin(); // a guest's session begins with what they first hand in
      return upload<FileFacts>({ url: "/api/v1/widget/files", file, token: core.held.token, progress });
    },
    renewed: () =>
      core.call("GET", "/sessions/current").then(
        () => true,
        () => false,
      ),
  });
}
