// Runs attacks without leaving the page. Without this script the same forms send
// the same requests and the page comes back as a whole.
(function () {
  'use strict';

  // The server answers with the whole page; only what changed is taken over.
  async function run(form) {
    const name = form.dataset.run;
    const article = document.getElementById(name);
    const button = form.querySelector('button');
    article.classList.add('running');
    button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: 'POST', headers: { Accept: 'text/html' } });
      if (!answer.ok) throw new Error('The shop answered ' + answer.status + '.');
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      take(fresh, article, name);
    } catch (error) {
      article.querySelector('.attack-result').textContent =
        'This attack could not be run: ' + error.message;
    } finally {
      article.classList.remove('running');
      button.disabled = false;
    }
  }

  function take(fresh, article, name) {
    const open = article.querySelector('details')?.open;
    const part = fresh.getElementById(name);
    article.querySelector('.attack-result').replaceChildren(...part.querySelector('.attack-result').childNodes);
    article.querySelector('form button').replaceChildren(...part.querySelector('form button').childNodes);
    if (open) article.querySelector('details').open = true;
    document.getElementById('summary').replaceChildren(...fresh.getElementById('summary').childNodes);
  }

  const forms = Array.from(document.querySelectorAll('form[data-run]'));
  forms.forEach((form) => form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await run(form);
    document.getElementById(form.dataset.run).querySelector('details')?.setAttribute('open', '');
  }));

  const all = document.querySelector('form[data-run-all]');
  all.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = all.querySelector('button');
    const progress = all.querySelector('progress');
    const text = all.querySelector('[data-progress-text]');
    button.disabled = true;
    progress.hidden = false;
    for (let i = 0; i < forms.length; i++) {
      progress.value = i;
      text.textContent = (i + 1) + ' of ' + forms.length;
      await run(forms[i]);
    }
    progress.hidden = true;
    text.textContent = '';
    button.disabled = false;
    document.getElementById('summary').scrollIntoView({ block: 'nearest' });
  });
})();
