// What a page of Help Scout's says of how its Beacon looks and what it offers, in our terms. Only checked values leave here:
// whole numbers, what the browser calls a colour, short texts. Nothing of it is ever markup.
import { guard } from "../../loader/core";
import { bare, number, read, word, type Fields } from "../page/fields";

// absorb lays what the page says over what it said before. The names of the fields differ at every level, so all of them
// lie in one.
export function absorb(config: Fields, given: unknown): void {
  const more = read(given, config);
  read(more.display, config);
  read(read(more.messaging).contactForm, config);
  read(more.labels, config);
}

// Their text :: ours. The first two are the launcher's, the others the messenger's, which takes no more than these.
const texts: Record<string, string> = {
  beaconButtonChatOpen: "open",
  beaconButtonClose: "close",
  howCanWeHelp: "howCanWeHelp",
  sendAMessage: "write",
  previousMessages: "conversations",
  addYourMessageHere: "placeholder",
  messageSubmitLabel: "send",
};

const short = (value: unknown): string | undefined => word(value)?.slice(0, 99);

// whole is a number that fits wherever one is asked for.
const whole = (value: unknown): number | undefined => {
  const n = guard(() => number(value));
  return n && Math.round(n % 2e9);
};

// launcherOf gives the words on the launcher, its classes of launcher.css while closed, and those at any time.
export function launcherOf({ style, text, hideFABOnMobile }: Fields): [caption: string, closed: string, always: string] {
  const closed = style === "text" ? style : style === "iconAndText" ? "both" : "";
  return [closed && (short(text) ?? "Help"), closed, hideFABOnMobile === true ? " desk" : ""];
}

export function settingsOf(config: Fields, shut?: boolean): object {
  const words = bare();
  for (const name in texts) {
    const said = short(config[name]);
    if (said) words[texts[name]!] = said;
  }
  // Who has the screen read aloud hears what is written on it.
  const [caption] = launcherOf(config);
  if (caption) words.open = caption;
  return {
    dialect: "helpscout",
    accent: /^#[\da-f]{6}$/i.exec(word(config.color)!)?.[0],
    side: word(config.position),
    zIndex: whole(config.zIndex),
    horizontal: whole(config.horizontalOffset),
    vertical: whole(config.verticalOffset),
    launcher: config.style !== "manual",
    labels: words,
    page: {
      hide: [config.messagingEnabled === false && "write", config.enablePreviousMessages === false && "history", config.hideAvatars === true && "avatars", config.allowAttachments === false && "files"].join(" "),
      sound: config.enableSounds,
      shut,
      words,
    },
  };
}
