// The page's part of the messenger: a queue that takes commands before the script
// is there, the script, and who is looking, as the backend wrote it into the page.
(function () {
  'use strict';
  var page = JSON.parse(document.getElementById('messenger').textContent);

  window.Countersign = window.Countersign || function () {
    (window.Countersign.q = window.Countersign.q || []).push(arguments);
  };
  var Countersign = function () { window.Countersign.apply(null, arguments); };

  Countersign('init', { channel: page.channel, site: 'Alder & Pine', accent: '#1f4d3a' });
  if (page.loggedOut) {
    Countersign('logout');
    history.replaceState(null, '', location.pathname);
  }
  if (page.identity) Countersign('identify', page.identity);

  var script = document.createElement('script');
  script.async = true;
  script.src = page.script;
  document.head.appendChild(script);

  // Whoever logs out here is logged out of the messenger at once; the page that
  // follows says it again, in case this one was gone too soon.
  document.querySelectorAll('form[data-logout]').forEach(function (form) {
    form.addEventListener('submit', function () { Countersign('logout'); });
  });

  // Asking needs the messenger, and that needs scripts: without them there is no button.
  document.querySelectorAll('[data-ask]').forEach(function (button) {
    button.hidden = false;
    button.addEventListener('click', function () {
      Countersign('message', button.dataset.ask);
    });
  });
})();
