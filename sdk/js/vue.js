import { computed, effectScope, onScopeDispose, shallowRef, unref, watch as follow } from 'vue';
import { current, hold, identify, messenger, start, watch } from './binding.js';

export const CountersignPlugin = {
  install(app, { identity, user, logoutOnUnmount = false, onError, ...settings }) {
    if (typeof window === 'undefined') return; // the server has no messenger
    const scope = effectScope(true);
    scope.run(() => {
      const told = computed(() => Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, unref(value)])));
      follow(told, (now, before) => JSON.stringify(now) !== JSON.stringify(before) && start(now, onError), { immediate: true });
      follow([() => unref(identity), () => unref(user)], ([who, as]) => identify(who, as), { immediate: true });
    });
    const release = hold();
    const { unmount } = app;
    app.unmount = () => {
      scope.stop();
      release(logoutOnUnmount);
      unmount.call(app);
    };
  },
};

export function useCountersign() {
  const state = shallowRef(current());
  onScopeDispose(watch(() => (state.value = current())));
  const member = (name) => computed(() => state.value[name]);
  return { ready: member('ready'), isOpen: member('isOpen'), unread: member('unread'), identity: member('identity'), error: member('error'), ...messenger };
}
