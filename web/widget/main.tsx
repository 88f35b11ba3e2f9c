import type { Core } from "../boot/core";
export function mount(core: Core): void { console.log(core); }
