// The way around: pages on the left (below, on a narrow screen), the inbox's views
// under it with their live counts, and the account at the foot.

import type { JSX } from "preact";
import { Avatar, Icon, toast } from "../../shared/ui";
import { counts } from "../inbox/store";
import { VIEWS } from "../inbox/reconcile";
import { unsentCount } from "../inbox/thread";
import { href, place } from "../router";
import { may, me, signOut } from "../session";
import { t } from "../text";
import { ask } from "../ui/ask";
import { Glyph, type GlyphName } from "../ui/glyph";
import { Menu } from "../ui/popover";
import { Mark } from "../pages/door";
import { openHelp } from "./help";
import { openPalette } from "./palette";
import { setTheme, theme, THEMES } from "./theme";

export interface Page {
  id: "inbox" | "identity" | "channels" | "team" | "audit";
  path: string;
  glyph: GlyphName;
  right: string;
}

export const PAGES: Page[] = [
  { id: "inbox", path: "/inbox/open", glyph: "inbox", right: "conversations.read" },
  { id: "identity", path: "/identity", glyph: "identity", right: "keys.read" },
  { id: "channels", path: "/channels", glyph: "channels", right: "channels.read" },
  { id: "team", path: "/team", glyph: "team", right: "team.read" },
  { id: "audit", path: "/audit", glyph: "audit", right: "audit.read" },
];

export function myPages(): Page[] {
  return PAGES.filter((page) => may(page.right));
}

const short = new Intl.NumberFormat(t.locale, { notation: "compact", maximumFractionDigits: 1 });

export function Nav(): JSX.Element {
  const current = place.value.segments[0] ?? "";
  return (
    <nav class="nav" aria-label={t.shell.nav}>
      <div class="nav__brand">
        <Mark />
        <span class="nav__workspace" dir="auto">{me.value?.workspace === "main" ? t.product : me.value?.workspace}</span>
      </div>
      <ul class="nav__pages">
        {myPages().map((page) => (
          <li key={page.id}>
            <a
              class="nav__link"
              href={href(page.path)}
              aria-current={current === page.id && page.id !== "inbox" ? "page" : current === page.id ? "true" : undefined}
            >
              <Glyph name={page.glyph} />
              <span class="nav__word">{t.shell[page.id]}</span>
              {page.id === "inbox" && counts.value && counts.value.open > 0 && (
                <span class="nav__count">
                  {short.format(counts.value.open)} <span class="sr-only">{t.inbox.views.open}</span>
                </span>
              )}
            </a>
            {page.id === "inbox" && current === "inbox" && <ViewLinks />}
          </li>
        ))}
      </ul>
      <div class="nav__foot">
        <button type="button" class="nav__link" onClick={openPalette}>
          <Glyph name="command" />
          <span class="nav__word">{t.shell.palette}</span>
        </button>
        <Account />
      </div>
    </nav>
  );
}

function ViewLinks(): JSX.Element {
  const now = place.value.segments[1];
  return (
    <ul class="nav__views" aria-label={t.inbox.viewsLabel}>
      {VIEWS.map((view) => (
        <li key={view}>
          <a class="nav__view" href={href(`/inbox/${view}`)} aria-current={now === view ? "page" : undefined}>
            {t.inbox.views[view]}
            {counts.value && counts.value[view] > 0 && <span class="nav__count">{short.format(counts.value[view])}</span>}
          </a>
        </li>
      ))}
    </ul>
  );
}

function leaveConsole(): void {
  const unsent = unsentCount();
  const out = () => signOut();
  if (unsent > 0) {
    ask({ title: t.shell.signOut, body: t.shell.unsent(unsent), action: t.shell.signOut, danger: true, run: out });
    return;
  }
  out().catch(() => toast(t.shell.signOutFailed, "bad"));
}

function Account(): JSX.Element {
  const who = me.value?.agent;
  const name = who?.name || who?.email || "";
  return (
    <Menu
      label={t.shell.menu(name)}
      align="start"
      button={(props) => (
        <button type="button" class="nav__link nav__account" {...props}>
          <Avatar name={name} size={24} />
          <span class="nav__word nav__word--wide" dir="auto">{name}</span>
          <span class="nav__word nav__word--narrow" aria-hidden="true">{t.shell.accountTab}</span>
          <span class="sr-only">{t.shell.accountMenu}</span>
        </button>
      )}
      items={[
        { label: t.shell.account, icon: <Glyph name="device" />, href: href("/account") },
        { label: t.shell.shortcuts, icon: <Glyph name="keyboard" />, hint: "?", onChoose: openHelp },
        ...THEMES.map((mode) => ({
          label: t.palette.theme(t.themes[mode] ?? mode),
          icon: theme.value === mode ? <Icon name="check" /> : <Glyph name="sun" />,
          checked: theme.value === mode,
          onChoose: () => setTheme(mode),
        })),
        { label: t.shell.signOut, icon: <Glyph name="leave" />, onChoose: leaveConsole },
      ]}
    />
  );
}
