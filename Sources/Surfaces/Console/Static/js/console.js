// @ts-check
import { connect, on } from './live.js';
import { focusIn, sound } from './alarm-feed.js';
import './e-chart.js';
import './room-board.js';
import './time-ago.js';

const first = (/** @type {string} */ s) => document.querySelector(s);
const say = (/** @type {string} */ text) => {
  first('.toast')?.remove();
  const toast = document.createElement('p');
  toast.className = 'toast';
  toast.setAttribute('role', 'status');
  toast.textContent = text;
  document.body.append(toast);
  setTimeout(() => toast.remove(), 5000);
};

// What the live connection says.
on('state', ({ state, again }) => {
  const pill = first('.live');
  if (pill instanceof HTMLElement && pill.dataset.state !== state) {
    pill.dataset.state = state;
    pill.textContent = (state === 'up' ? pill.dataset.up : pill.dataset.down) ?? '';
  }
  if (state === 'up' && again) refresh();
});
on('numbers', (numbers) => {
  for (const [key, text] of Object.entries(numbers)) {
    for (const place of document.querySelectorAll(`[data-number="${key}"]`)) {
      place.textContent = String(text);
      if (place.hasAttribute('data-n')) place.setAttribute('data-n', String(text));
    }
  }
  title(numbers.alarms_open);
});
on('values', (values) => {
  for (const value of values) {
    const place = first(`[data-value="${CSS.escape(value.key)}"]`);
    if (!place) continue;
    const text = place.querySelector('b'), time = place.querySelector('time');
    if (text && text.textContent !== value.text) {
      text.textContent = value.text;
      place.classList.remove('flash');
      requestAnimationFrame(() => place.classList.add('flash'));
    }
    time?.setAttribute('data-since', String(value.at));
  }
  document.dispatchEvent(new CustomEvent('time:tick'));
});
// A new critical alarm is told above whatever covers the list of alarms, or where there is none.
on('alarm', (alarm) => {
  const feed = first('alarm-feed');
  if (!alarm.fresh || alarm.level !== 'crit' || (feed instanceof HTMLElement && feed.offsetParent && !drawer?.open)) return;
  first('.alert')?.remove();
  const box = document.createElement('div'), link = document.createElement('a');
  box.className = 'alert';
  box.setAttribute('role', 'alert');
  link.href = `/alarms/${alarm.id}`;
  link.textContent = alarm.title;
  box.append(link);
  document.body.append(box);
});
on('refresh', ({ parts }) => parts.forEach(refresh));
on('gone', () => location.reload());

/** @param {string} [part] the name of a fragment of this page that is no longer true; all of them without it */
function refresh(part) {
  for (const place of document.querySelectorAll(part ? `[data-part~="${CSS.escape(part)}"]` : '[data-part]')) {
    if (!place.contains(document.activeElement) || !place.querySelector('details[open] textarea')) window.htmx.trigger(place, 'refresh');
  }
}
/** @param {unknown} open */
function title(open) {
  if (open === undefined) return;
  const plain = document.title.replace(/^\(\d+\) /, '');
  document.title = Number(open) > 0 ? `(${open}) ${plain}` : plain;
}

// Dialogs: a link with data-dialog opens its page in one; without this script it is the page itself.
const drawer = /** @type {HTMLDialogElement | null} */ (first('#drawer'));
const dialog = /** @type {HTMLDialogElement | null} */ (first('#dialog'));
/** @type {Element | null} */
let opener = null;
/** @param {string} url @param {string} [size] */
async function open(url, size) {
  if (!dialog) return;
  opener = document.activeElement;
  dialog.classList.toggle('big', size === 'big');
  await window.htmx.ajax('GET', url, { target: '#dialog', swap: 'innerHTML' });
  if (!dialog.open) dialog.showModal();
}
dialog?.addEventListener('close', () => opener instanceof HTMLElement && opener.focus());
drawer?.addEventListener('close', () => {
  const cell = first('.rm[aria-current]');
  cell?.removeAttribute('aria-current');
  if (cell instanceof HTMLElement) cell.focus();
});

document.addEventListener('click', (e) => {
  const target = /** @type {HTMLElement} */ (e.target);
  for (const menu of document.querySelectorAll('details.menu[open]')) if (!menu.contains(target)) menu.removeAttribute('open');
  const link = target.closest('[data-dialog]');
  if (link instanceof HTMLAnchorElement && !e.ctrlKey && !e.metaKey) {
    e.preventDefault();
    open(link.href, link.dataset.dialog);
    return;
  }
  const act = target.closest('[data-do]');
  if (!(act instanceof HTMLElement)) return;
  if (act.dataset.do === 'close') act.closest('dialog')?.close();
  if (act.dataset.do === 'print') print();
  if (act.dataset.do === 'sound') {
    const on = act.getAttribute('aria-pressed') !== 'true';
    act.setAttribute('aria-pressed', String(on));
    act.querySelector('use')?.setAttribute('href', `${document.documentElement.dataset.vendor}/icons.svg#volume-${on ? '2' : 'x'}`);
    sound(on);
  }
});

// The theme changes at once; the form tells the server, so that the next page is the same.
document.addEventListener('submit', (e) => {
  const by = /** @type {SubmitEvent} */ (e).submitter;
  if (!(by instanceof HTMLButtonElement) || by.name !== 'theme') return;
  e.preventDefault();
  const link = /** @type {HTMLLinkElement | null} */ (first('#dark'));
  if (link) link.media = by.dataset.media ?? '';
  for (const b of document.querySelectorAll('button[name=theme]')) b.setAttribute('aria-pressed', String(b === by));
  by.closest('details')?.removeAttribute('open');
  fetch('/preferences', { method: 'POST', body: new URLSearchParams({ theme: by.value, back: '/' }), redirect: 'manual' });
  setTimeout(() => document.dispatchEvent(new CustomEvent('theme:changed')), 60);
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => document.dispatchEvent(new CustomEvent('theme:changed')));

document.addEventListener('keydown', (e) => {
  const at = e.target;
  if (e.key === 'Escape') {
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      menu.removeAttribute('open');
      menu.querySelector('summary')?.focus();
    }
    if (drawer?.open && !dialog?.open) drawer.close();
  }
  if (e.ctrlKey || e.metaKey || e.altKey || at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement) return;
  if (e.key === '/') {
    const search = first('#search');
    if (search instanceof HTMLElement && search.offsetParent) {
      e.preventDefault();
      search.focus();
    }
  }
  if (e.key === '?') open('/help', 'big');
});

// htmx: a failed request says so; a form's errors come back as its own fragment.
document.addEventListener('htmx:beforeSwap', (e) => {
  const detail = /** @type {CustomEvent} */ (e).detail, status = detail.xhr.status;
  if (status === 401) location.reload();
  if (status === 422 || status === 409) detail.shouldSwap = true, detail.isError = false;
});
for (const name of ['htmx:responseError', 'htmx:sendError', 'htmx:timeout']) {
  document.addEventListener(name, () => say(document.body.dataset.failed ?? ''));
}
document.addEventListener('htmx:afterSettle', (e) => {
  const wrong = /** @type {CustomEvent} */ (e).detail.elt.querySelector?.('[aria-invalid=true]');
  if (wrong instanceof HTMLElement) wrong.focus();
});
// At once, not after settling: between the two the stream may draw the card again.
document.addEventListener('htmx:afterSwap', (e) => {
  const elt = /** @type {CustomEvent} */ (e).detail.elt;
  if (elt.matches?.('.al') && document.activeElement === document.body) focusIn(elt);
});
document.addEventListener('say', (e) => say(/** @type {CustomEvent} */ (e).detail.value));
document.addEventListener('done', () => dialog?.close());

title(first('.rail .bdg')?.textContent ?? undefined);
const live = document.body.dataset.live;
if (live) connect(live);
