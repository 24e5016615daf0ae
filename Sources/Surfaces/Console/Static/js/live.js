// @ts-check
/**
 * One server-sent-events connection a page. The page says where from (`data-live` on the body); each named event is
 * dispatched again on `document` as `live:<name>`. After a break the browser asks for what it missed by
 * `Last-Event-ID`, and `live:state` says "up" again, on which parts of the page refetch themselves.
 */
const names = ['alarm', 'numbers', 'room', 'values', 'refresh', 'gone'];
/** @type {EventSource | undefined} */
let source;
let opened = 0;

/** @param {string} url */
export function connect(url) {
  source?.close();
  const events = source = new EventSource(url);
  const say = (/** @type {string} */ state) => document.dispatchEvent(new CustomEvent('live:state', { detail: { state, again: opened > 1 } }));
  events.onopen = () => {
    opened += 1;
    say('up');
  };
  events.onerror = () => {
    say('down');
    // A response that is not a stream ends the connection for good: signed out, or too many pages are open.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => source === events && connect(url), 10_000);
  };
  for (const name of names) {
    events.addEventListener(name, (e) => {
      document.dispatchEvent(new CustomEvent(`live:${name}`, { detail: JSON.parse(/** @type {MessageEvent} */ (e).data) }));
    });
  }
  addEventListener('pagehide', () => events.close());
  // A page taken back from the browser's cache has no connection and old content.
  addEventListener('pageshow', (e) => e.persisted && location.reload());
}

/**
 * @param {string} name
 * @param {(detail: any) => void} act
 * @returns {() => void} ends it
 */
export function on(name, act) {
  const listener = (/** @type {Event} */ e) => act(/** @type {CustomEvent} */ (e).detail);
  document.addEventListener(`live:${name}`, listener);
  return () => document.removeEventListener(`live:${name}`, listener);
}
