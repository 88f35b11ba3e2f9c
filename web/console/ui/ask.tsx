// Dialogs that change something: one that asks once and says what will happen, and
// one that does not go away by accident, because what it shows is shown only once.

import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ApiError } from "../../shared/api";
import { sharedText } from "../../shared/text";
import { Button, Dialog, Icon } from "../../shared/ui";
import { problemOf } from "../http";
import { href } from "../router";
import { t } from "../text";

/** The role has the right, and its holder has yet to set up the second factor that goes with it. */
const LACKING = "second_factor_required";

interface Question {
  title: string;
  body: ComponentChildren;
  action: string;
  danger?: boolean;
  run: () => Promise<unknown>;
}

const asked = signal<Question | null>(null);

/** Ask before something is done; the dialog stays while it is under way and shows why it failed. */
export function ask(question: Question): void {
  asked.value = question;
}

/** Stands once in the console. */
export function Asking(): JSX.Element {
  const question = asked.value;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const close = () => {
    if (busy) return;
    asked.value = null;
    setProblem(null);
  };
  const run = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await question?.run();
      asked.value = null;
    } catch (failure) {
      setProblem(toShow(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={question?.title ?? ""}
      open={question !== null}
      onClose={close}
      foot={
        <>
          <Button onClick={close}>{t.common.cancel}</Button>
          <Button kind={question?.danger ? "danger" : "primary"} busy={busy} onClick={() => void run()}>
            {question?.action}
          </Button>
        </>
      }
    >
      <div class="prose">{question?.body}</div>
      {problem && <ProblemLine problem={problem} />}
    </Dialog>
  );
}

/** A person who did not want to confirm needs no telling that nothing was done. */
function toShow(failure: unknown): ApiError | null {
  const problem = problemOf(failure);
  return problem.code === "cancelled" ? null : problem;
}

/** What went wrong, inside a form or a dialog. */
export function ProblemLine({ problem, title }: { problem: ApiError; title?: string }): JSX.Element {
  return (
    <div class="notice notice--bad" role="alert">
      <Icon name={problem.status === 0 ? "offline" : "alert"} />
      <div>
        {title && <strong>{title}. </strong>}
        {explain(problem)}
        {problem.code === LACKING && (
          <>
            {" "}
            <a href={href("/account")} onClick={() => (asked.value = null)}>
              {t.factors.setUp}
            </a>
          </>
        )}
        {problem.requestId && <span class="request-id request-id--inline">{t.common.requestId(problem.requestId)}</span>}
      </div>
    </div>
  );
}

/** The server's own sentence where it is about what was entered, ours for all else. */
export function explain(problem: ApiError): string {
  if (problem.code === LACKING) return t.factors.withheld;
  const ownWords = problem.code === "request_invalid" || (problem.code === "conflict" && problem.detail);
  return ownWords && problem.detail ? problem.detail : sharedText().problem(problem.code);
}

/** Closes only by its own button: neither Escape nor a press outside loses what it shows. */
export function FirmDialog({ title, children, done, onDone }: { title: string; children: ComponentChildren; done: string; onDone: () => void }): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (ref.current && !ref.current.open) ref.current.showModal();
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => event.preventDefault()}
      onKeyDown={(event) => event.key === "Escape" && event.preventDefault()}
      onClose={() => ref.current?.showModal()} // some browsers close on a second Escape all the same
    >
      <header class="dialog__head">
        <h2 class="dialog__title" id={id}>
          {title}
        </h2>
      </header>
      <div class="dialog__body">
        {children}
        <div class="dialog__foot">
          <Button onClick={onDone}>{done}</Button>
        </div>
      </div>
    </dialog>
  );
}

/** Run something from a button: busy while it lasts, its problem kept for the page to show. */
export function useAction(): { busy: boolean; problem: ApiError | null; run: (work: () => Promise<unknown>) => Promise<boolean>; clear: () => void } {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (failure) {
      setProblem(toShow(failure));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run, clear: () => setProblem(null) };
}
