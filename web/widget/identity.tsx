// Tells the visitor plainly whether the chat knows who they are.
import type { JSX } from "preact";
import { TierBadge } from "../shared/ui/badge";
import { Button } from "../shared/ui/button";
import type { Model } from "./model";
import { text } from "./text";

export function Identity({ model }: { model: Model }): JSX.Element {
  const { session, channel } = model.state.value;
  const t = text();
  const tier = session?.tier ?? "anonymous";
  const [title, detail] = words();
  return (
    <div class="identity">
      <p class="identity__title">
        <TierBadge tier={tier} />
        <bdi>{title}</bdi>
      </p>
      <p class="identity__text">{detail}</p>
      {session?.email ? (
        <Button kind="quiet" onClick={() => model.core.logout()}>
          {t.notMe}
        </Button>
      ) : (
        channel?.email_code &&
        tier !== "verified" && (
          <Button icon="verified" onClick={() => model.proveEmail()}>
            {t.proveEmail}
          </Button>
        )
      )}
    </div>
  );

  function words(): [string, string] {
    if (session?.email) return [t.verifiedAs(session.email), t.verifiedByCode];
    if (session?.tier === "verified") {
      return [session.name ? t.signedInAs(session.name) : t.signedIn, t.confirmedBy(model.siteName())];
    }
    if (session?.tier === "claimed") return [t.notConfirmed, t.notConfirmedText];
    if (session?.notice === "made_anonymous") return [t.notConfirmed, t.madeAnonymousText];
    return [t.guest, t.guestText];
  }
}
