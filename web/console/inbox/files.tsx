// Files of answers and notes: added to the composer, shown in the thread. Like drafts, what waits lives in memory only and
// ends with whoever added it.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { FileFacts } from "../../protocol/wire";
import { takeDropped } from "../../shared/dropping";
import { Intake } from "../../shared/intake";
import { Attached, loader } from "../../shared/ui/attached";
import { Picker, TrayList } from "../../shared/ui/tray";
import { upload } from "../../shared/upload";
import * as api from "../api";
import { me } from "../session";
import { t } from "../text";

const base = "/api/v1/console";
const load = loader(base);
const intakes = new Map<string, Intake>(); // :: kind and conversation → what waits

const limit = () => me.peek()?.file_bytes ?? 0;

export function intakeOf(conversation: string, note: boolean): Intake {
  const name = `${note ? "note" : "reply"}:${conversation}`;
  let intake = intakes.get(name);
  if (!intake)
    intakes.set(
      name,
      (intake = new Intake({
        limit,
        send: (file, progress) => Promise.resolve(upload<FileFacts>({ url: `${base}/files`, file, progress })),
        // A login that has ended is nobody's to renew; the call says so to the rest of the console.
        renewed: () => api.me().then(() => true, () => false),
      })),
    );
  return intake;
}

export function forgetFiles(): void {
  for (const intake of intakes.values()) intake.close();
  intakes.clear();
}

/** What is pasted or dropped anywhere in the thread goes to what is being written. */
export function useDropped(intake: Intake): boolean {
  const [over, setOver] = useState(false);
  const now = useRef(intake);
  now.current = intake;
  const takes = (me.value?.file_bytes ?? 0) > 0;
  useEffect(() => (takes ? takeDropped((files) => now.current.add(files), setOver) : undefined), [takes]);
  return over;
}

export function AddFiles({ intake }: { intake: Intake }): JSX.Element | null {
  const box = useRef<HTMLInputElement>(null);
  return me.value?.file_bytes ? <Picker add={(files) => intake.add(files)} box={box} /> : null;
}

export function Waiting({ intake }: { intake: Intake }): JSX.Element | null {
  return <TrayList intake={intake} limit={limit()} language={t.locale} />;
}

export function Files({ files, alone }: { files: FileFacts[] | undefined; alone: boolean }): JSX.Element | null {
  return files?.length ? <Attached files={files} load={load} alone={alone} language={t.locale} /> : null;
}
