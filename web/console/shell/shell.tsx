// The frame around every page: navigation, connection, palette, help, title.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button, Empty, Icon, Notice } from "../../shared/ui";
import { waiting } from "../inbox/store";
import { VIEWS } from "../inbox/reconcile";
import { InboxPage } from "../inbox/page";
import { link, reconnect } from "../live";
import { AccountPage } from "../pages/account";
import { AuditPage } from "../pages/audit";
import { ChannelPage } from "../pages/channel";
import { ChannelsPage } from "../pages/channels";
import { IdentityPage } from "../pages/identity";
import { ImportedPage } from "../pages/imported";
import { TeamPage } from "../pages/team";
import { go, href, place } from "../router";
import { may, me } from "../session";
import { t } from "../text";
import type { ViewName } from "../types";
import { useCommands, type Command } from "./commands";
import { Help, openHelp } from "./help";
import { useKeys } from "./keys";
import { myPages, Nav, PAGES } from "./nav";
import { openPalette, Palette } from "./palette";
import { showTab } from "./tab";
import { setTheme, THEMES } from "./theme";

const letters: Record<string, string> = { inbox: "i", identity: "d", channels: "c", team: "t", audit: "a" };

export function Shell(): JSX.Element {
  useKeys({
    "mod+k": openPalette,
    "?": openHelp,
    ...Object.fromEntries(myPages().map((page) => [`g ${letters[page.id]}`, () => go(href(page.path))])),
  });
  useCommands(shellCommands, [me.value]);
  useTitle();
  useFocusOnPage();
  return (
    <div class="shell">
      <a class="skip" href="#main">
        {t.shell.skip}
      </a>
      <Nav />
      <div class="shell__main">
        <div>
          <Connection />
          <Lacking />
        </div>
        <Routed />
      </div>
      <Palette />
      <Help />
    </div>
  );
}

function shellCommands(): Command[] {
  const pages = myPages();
  return [
    ...pages.map((page) => ({
      id: page.id,
      label: t.palette.go(t.shell[page.id]),
      group: t.palette.groupPages,
      keys: `G ${letters[page.id]?.toUpperCase()}`,
      run: () => go(href(page.path)),
    })),
    ...(may("conversations.read")
      ? VIEWS.map((view) => ({
          id: `view-${view}`,
          label: t.palette.view(t.inbox.views[view] ?? view),
          group: t.palette.groupPages,
          run: () => go(href(`/inbox/${view}`)),
        }))
      : []),
    ...(may("conversations.read") ? [{ id: "imported", label: t.palette.go(t.history.people), group: t.palette.groupPages, run: () => go(href("/imported")) }] : []),
    { id: "account", label: t.palette.go(t.shell.account), group: t.palette.groupPages, run: () => go(href("/account")) },
    { id: "help", label: t.shell.shortcuts, group: t.palette.groupOther, keys: "?", run: openHelp },
    ...THEMES.map((mode) => ({
      id: `theme-${mode}`,
      label: t.palette.theme(t.themes[mode] ?? mode),
      group: t.palette.groupOther,
      run: () => setTheme(mode),
    })),
  ];
}

/** Another page begins at its beginning, for the keyboard and for a screen reader too. */
function useFocusOnPage(): void {
  const page = place.value.segments[0] ?? "";
  const before = useRef(page);
  useEffect(() => {
    if (before.current === page) return;
    before.current = page;
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [page]);
}

function useTitle(): void {
  const page = PAGES.find((p) => p.id === place.value.segments[0]);
  const name = page ? t.shell[page.id] : t.shell.account;
  const n = waiting.value;
  useEffect(() => {
    showTab(name, n);
  }, [name, n]);
}

function Connection(): JSX.Element {
  const lost = link.value === "lost";
  return (
    <div class="connection" role="status">
      {lost && (
        <div class="connection__bar">
          <Icon name="offline" />
          <span>{navigator.onLine ? t.shell.reconnecting : t.shell.offline}</span>
          <Button kind="quiet" onClick={reconnect}>
            {t.shell.retryNow}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Rights are withheld until there is a second factor: say so, and lead there. */
function Lacking(): JSX.Element | null {
  if (!me.value?.lacks_second_factor || place.value.segments[0] === "account") return null;
  return (
    <div class="lacking" role="status">
      <Notice kind="warn" icon="alert">
        {t.factors.lacking}{" "}
        <a href={href("/account")}>{t.factors.setUp}</a>
      </Notice>
    </div>
  );
}

function Routed(): JSX.Element {
  const [first = "", second = "", third = ""] = place.value.segments;
  useEffect(() => {
    if (first === "") go(href(myPages()[0]?.path ?? "/account"), { replace: true });
    else if (first === "inbox" && !VIEWS.includes(second as ViewName)) go(href("/inbox/open"), { replace: true });
  }, [first, second]);
  const page = PAGES.find((p) => p.id === first);
  if (page && !may(page.right)) return <NotAllowed />;
  switch (first) {
    case "inbox":
      return <InboxPage view={(VIEWS.includes(second as ViewName) ? second : "open") as ViewName} conversation={third} />;
    case "identity":
      return <IdentityPage channel={second} tab={third} />;
    case "channels":
      return second ? <ChannelPage key={second} id={second} /> : <ChannelsPage />;
    case "team":
      return <TeamPage tab={second === "tokens" ? "tokens" : "agents"} />;
    case "audit":
      return <AuditPage />;
    case "imported":
      return may("conversations.read") ? <ImportedPage /> : <NotAllowed />;
    case "account":
      return <AccountPage />;
    case "":
      return <main id="main" class="page" tabIndex={-1} />;
  }
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1 class="sr-only">{t.product}</h1>
      <Empty icon="search" title={t.problem.pageNotFound} text={t.problem.pageNotFoundHint}>
        <a class="button button--plain" href={href("/")}>
          {t.problem.toInbox}
        </a>
      </Empty>
    </main>
  );
}

function NotAllowed(): JSX.Element {
  const role = me.value?.agent.role ?? "";
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1 class="sr-only">{t.product}</h1>
      <Empty icon="info" title={t.problem.noRight} text={t.problem.noRightHint(t.roles[role] ?? role)} />
    </main>
  );
}

