// Tells the visitor plainly whether the chat knows who they are.
import type { JSX } from "preact";
import { TierBadge } from "../shared/ui/badge";
import type { Model } from "./model";
import { text } from "./text";

export function Identity({ model }: { model: Model }): JSX.Element {
  const { session } = model.state.value;
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
    </div>
  );

  function words(): [string, string] {
    if (session?.tier === "verified") {
      return [session.name ? t.signedInAs(session.name) : t.signedIn, t.confirmedBy(model.siteName())];
    }
    if (session?.tier === "claimed") return [t.notConfirmed, t.notConfirmedText];
    if (session?.notice === "made_anonymous") return [t.notConfirmed, t.madeAnonymousText];
    return [t.guest, t.guestText];
  }
}
