import type { App, ComputedRef, Ref } from 'vue';
import type { Binding, BindingState, Messenger, Who } from './binding.js';

export type { Identity, IdentityProvider, Settings } from './page.js';

type OrRef<T> = { [K in keyof T]: T[K] | Ref<T[K]> };

export interface CountersignPluginOptions extends OrRef<Binding>, OrRef<Omit<Who, 'logoutOnUnmount'>>, Pick<Who, 'logoutOnUnmount'> {
  /** The script could not be loaded; useCountersign() has it as error, too. */
  onError?: (error: Error) => void;
}

/** app.use(CountersignPlugin, { … }): loads the messenger and follows who is logged in. Members may be refs; identity may be a ref of a function. */
export const CountersignPlugin: { install(app: App, options: CountersignPluginOptions): void };

/** How the messenger stands, and what can be done with it. */
export function useCountersign(): { readonly [K in keyof BindingState]: ComputedRef<BindingState[K]> } & Messenger;
