// A site in React, in its strict mode: every effect runs twice.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { CountersignProvider, useCountersign } from '@countersign/sdk/react';
import { proofOf, settings } from './site.js';

function Bar() {
  const bar = (window.bar = useCountersign());
  return <p>{bar.ready ? 'Ready' : 'Waiting'} as {bar.identity}, {bar.isOpen ? 'open' : 'closed'}, {String(bar.unread)} unread {bar.error?.code}</p>;
}

const root = createRoot(document.getElementById('app'));
window.show = (user, options) =>
  root.render(
    <StrictMode>
      <CountersignProvider {...settings} user={user} identity={user ? proofOf(user) : user} {...options}>
        <Bar />
      </CountersignProvider>
    </StrictMode>,
  );
window.leave = () => root.render(<p>Elsewhere</p>);
