// Files that come by paste or drop, anywhere in the document. dragging says that some hang over it.
export function takeDropped(add: (files: File[]) => void, dragging: (over: boolean) => void): () => void {
  let depth = 0; // of elements entered and not left: a drag leaves one after it has entered the next
  const carries = (e: DragEvent) => e.dataTransfer?.types.includes("Files") === true;
  const enter = (e: DragEvent) => {
    if (!carries(e)) return;
    e.preventDefault();
    depth++;
    dragging(true);
  };
  const over = (e: DragEvent) => {
    if (!carries(e)) return;
    e.preventDefault(); // or the browser would open what is dropped
    e.dataTransfer!.dropEffect = "copy";
  };
  const leave = (e: DragEvent) => {
    if (!carries(e)) return;
    depth = Math.max(0, depth - 1);
    if (!depth) dragging(false);
  };
  const drop = (e: DragEvent) => {
    if (!carries(e)) return;
    e.preventDefault();
    depth = 0;
    dragging(false);
    add([...e.dataTransfer!.files]);
  };
  const paste = (e: ClipboardEvent) => {
    const files = [...(e.clipboardData?.files ?? [])];
    if (!files.length || e.clipboardData?.types.includes("text/plain")) return; // a cell of a sheet comes as text and as picture: the text is meant
    e.preventDefault();
    add(files);
  };
  const all = { dragenter: enter, dragover: over, dragleave: leave, drop, paste } as Record<string, (e: never) => void>;
  for (const [name, hear] of Object.entries(all)) document.addEventListener(name, hear as EventListener);
  return () => {
    for (const [name, hear] of Object.entries(all)) document.removeEventListener(name, hear as EventListener);
  };
}
