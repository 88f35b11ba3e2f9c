// The same site in Vue.
import { computed, createApp, h, ref } from 'vue';
import { CountersignPlugin, useCountersign } from '@countersign/sdk/vue';
import { proofOf, settings } from './site.js';

const Bar = {
  setup() {
    const { ready, isOpen, unread, identity, error, ...bar } = useCountersign();
    window.bar = bar;
    return () => h('p', `${ready.value ? 'Ready' : 'Waiting'} as ${identity.value}, ${isOpen.value ? 'open' : 'closed'}, ${unread.value} unread ${error.value?.code ?? ''}`);
  },
};

let app;
const user = ref();
const identity = computed(() => (user.value ? proofOf(user.value) : user.value));
window.show = (who, options) => {
  user.value = who;
  if (app) return;
  app = createApp(Bar).use(CountersignPlugin, { ...settings, user, identity, ...options });
  app.mount('#app');
};
window.leave = () => {
  app.unmount();
  app = undefined;
  document.getElementById('app').innerHTML = '<p>Elsewhere</p>';
};
