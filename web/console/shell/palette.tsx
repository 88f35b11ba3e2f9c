import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "../../shared/ui";
import { t } from "../text";
import { allCommands, findCommands, type Command } from "./commands";

const open = signal(false);

export function openPalette(): void {
  open.value = true;
}

export function Palette(): JSX.Element | null {
  return open.value ? <PaletteDialog /> : null;
}

function PaletteDialog(): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const found = findCommands(allCommands(), query);
  const chosen = Math.min(at, Math.max(0, found.length - 1));

  useEffect(() => {
    ref.current?.showModal();
  }, []);
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen, id]);

  const close = () => {
    ref.current?.close();
    open.value = false;
  };
  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: 0, End: found.length - 1 }[event.key];
    if (to !== undefined && found.length) {
      event.preventDefault();
      setAt((to + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(found[chosen]);
    }
  };

  return (
    <dialog
      ref={ref}
      class="dialog palette"
      aria-label={t.palette.title}
      onClose={() => (open.value = false)}
      onClick={(event) => event.target === ref.current && close()}
    >
      <div class="palette__search">
        <Icon name="search" />
        <input
          class="palette__input"
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={found.length ? `${id}-${chosen}` : undefined}
          aria-label={t.palette.placeholder}
          placeholder={t.palette.placeholder}
          value={query}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul class="palette__list" role="listbox" id={`${id}-list`} aria-label={t.palette.title}>
        {found.map((command, i) => (
          <li
            key={command.id}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === chosen}
            class="palette__item"
            onMouseMove={() => setAt(i)}
            onClick={() => run(command)}
          >
            <span dir="auto">{command.label}</span>
            <span class="palette__group">{command.group}</span>
            {command.keys && <kbd>{command.keys}</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 && (
        <p class="palette__none" role="status">
          {t.palette.empty}
        </p>
      )}
    </dialog>
  );
}
