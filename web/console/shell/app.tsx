// What stands on the page: the setup of an account, signing in, or the console.

import type { JSX } from "preact";
import { Failure, Spinner, Toasts } from "../../shared/ui";
import { SetupPage } from "../pages/setup";
import { SignInPage } from "../pages/sign-in";
import { place } from "../router";
import { askWhoIAm, failure, phase } from "../session";
import { t } from "../text";
import { Asking } from "../ui/ask";
import { Confirming } from "../ui/confirm";
import { Shell } from "./shell";

export function App(): JSX.Element {
  return (
    <>
      <Page />
      <Asking />
      <Confirming />
      <Toasts />
    </>
  );
}

function Page(): JSX.Element {
  if (place.value.segments[0] === "setup") return <SetupPage />;
  switch (phase.value) {
    case "asking":
      return (
        <div class="splash">
          <Spinner />
        </div>
      );
    case "failed":
      return (
        <main class="splash">
          {failure.value && <Failure title={t.problem.cannotStart} error={failure.value} retry={() => void askWhoIAm()} />}
        </main>
      );
    case "out":
      return <SignInPage />;
    case "in":
      return <Shell />;
  }
}
