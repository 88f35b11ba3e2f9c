// What a new password has to be, said while it is typed.

import type { JSX } from "preact";
import { Icon } from "../../shared/ui";
import { t } from "../text";

const shortest = 12;
const mostBytes = 1024; // as the server counts

interface Rule {
  words: string;
  met: boolean;
}

export function passwordRules(password: string, again: string, email: string, name: string): Rule[] {
  const lower = password.toLowerCase();
  const own = [email.toLowerCase(), (email.split("@")[0] ?? "").toLowerCase(), name.trim().toLowerCase()];
  const length = [...password].length;
  const tooLong = new TextEncoder().encode(password).length > mostBytes;
  return [
    { words: tooLong ? t.setup.ruleLong : t.setup.ruleLength(shortest), met: length >= shortest && !tooLong },
    { words: t.setup.ruleOwn, met: length > 0 && !own.includes(lower) },
    { words: t.setup.ruleSame, met: length > 0 && password === again },
  ];
}

/** The rules that are not met stand out only once it was tried. */
export function PasswordRules({ rules, tried }: { rules: Rule[]; tried: boolean }): JSX.Element {
  return (
    <ul class="rules" aria-live="polite">
      {rules.map((rule) => (
        <li key={rule.words} class={rule.met ? "rules__met" : tried ? "rules__unmet" : ""}>
          <Icon name={rule.met ? "check" : tried ? "alert" : "info"} />
          {rule.words}
          <span class="sr-only">: {rule.met ? t.setup.met : t.setup.unmet}</span>
        </li>
      ))}
    </ul>
  );
}
