import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { sharedText } from "../text";
import { IconButton } from "./button";

export interface DialogProps {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ComponentChildren;
  foot?: ComponentChildren;
}

// Dialog is the browser's own: it traps focus, closes on Escape and gives focus back to where it was.
export function Dialog({ title, open, onClose, children, foot }: DialogProps): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby={id}
      onClose={onClose}
      onClick={(e) => e.target === ref.current && onClose()}
    >
      {open && (
        <>
          <header class="dialog__head">
            <h2 class="dialog__title" id={id}>
              {title}
            </h2>
            <IconButton icon="close" label={sharedText().close} onClick={onClose} />
          </header>
          <div class="dialog__body">
            {children}
            {foot && <div class="dialog__foot">{foot}</div>}
          </div>
        </>
      )}
    </dialog>
  );
}
