import type { ReactElement, ReactNode } from 'react';
import type { Binding, BindingState, Who } from './binding.js';

export type { Identity, IdentityProvider, Settings } from './page.js';

export interface CountersignProviderProps extends Binding, Who {
  children?: ReactNode;
  /** The script could not be loaded; useCountersign() has it as error, too. */
  onError?: (error: Error) => void;
}

/** Loads the messenger and follows who is logged in. It draws nothing of its own, and may stand anywhere. */
export function CountersignProvider(props: CountersignProviderProps): ReactElement;

/** How the messenger stands, and what can be done with it. */
export function useCountersign(): BindingState & import('./binding.js').Messenger;
