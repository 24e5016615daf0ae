// @ts-check
/**
 * `<time data-since="ms">`: how long ago, kept true while the page is open; with `data-run` a running timer. The words
 * are the page's (`data-now`, `data-minutes`, `data-hours`, `data-days` on the body).
 */
function tick() {
  const words = document.body.dataset, now = Date.now() + skew;
  for (const time of document.querySelectorAll('time[data-since]')) {
    const seconds = Math.max(0, Math.round((now - Number(time.getAttribute('data-since'))) / 1000));
    const text = time.hasAttribute('data-run') ? timer(seconds) : ago(seconds, words);
    if (time.textContent !== text) time.textContent = text;
  }
}

/** @param {number} s */
function timer(s) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600);
  return `${hours ? hours + ':' : ''}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/**
 * @param {number} s
 * @param {DOMStringMap} words
 */
function ago(s, words) {
  const say = (/** @type {string | undefined} */ text, /** @type {number} */ n) => (text ?? '').replace('{n}', String(n));
  if (s < 60) return words.now ?? '';
  if (s < 3600) return say(words.minutes, Math.floor(s / 60));
  if (s < 86400) return say(words.hours, Math.floor(s / 3600));
  return say(words.days, Math.floor(s / 86400));
}

/** The page's clock may be wrong; the server's time stands in the page. */
const skew = Number(document.body.dataset.clock) - Date.now();
setInterval(tick, 1000);
document.addEventListener('time:tick', tick);
document.addEventListener('htmx:afterSwap', tick);
tick();
