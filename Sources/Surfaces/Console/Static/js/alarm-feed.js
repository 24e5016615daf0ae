// @ts-check
import { on } from './live.js';

/** @type {AudioContext | undefined} */
let audio;

/**
 * Attention sounds, made here: no asset, no licence; a person's click must come first. An alarm is three tones up and
 * down, a fault one low tone: the two must never be taken for each other.
 * @param {boolean} fault
 */
function chime(fault) {
  const context = audio;
  if (!context) return;
  const start = context.currentTime;
  (fault ? [330] : [880, 660, 880]).forEach((frequency, i) => {
    const tone = context.createOscillator(), gain = context.createGain(), at = start + i * 0.22, length = fault ? 0.5 : 0.2;
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0.0001, at);
    gain.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + length);
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + length + 0.01);
  });
}

/** @param {boolean} wanted */
export function sound(wanted) {
  if (wanted) {
    audio = new AudioContext();
    chime(false);
  } else {
    audio?.close();
    audio = undefined;
  }
}

// Every page sounds, whether it has the list or not.
on('alarm', (alarm) => alarm.fresh && alarm.level !== 'mid' && chime(alarm.level === 'fault'));

/** The alarms as they come: one card an alarm, the newest critical first. The server renders and escapes each card. */
class AlarmFeed extends HTMLElement {
  connectedCallback() {
    this.end = on('alarm', (alarm) => this.take(alarm));
  }
  disconnectedCallback() {
    this.end?.();
  }
  /** @param {{id: string, level: string, open: boolean, fresh: boolean, html: string}} alarm */
  take(alarm) {
    const old = this.querySelector(`.al[data-id="${CSS.escape(alarm.id)}"]`);
    if (old?.contains(document.activeElement) && old.querySelector('details[open]')) return;
    if (!alarm.open) return old?.remove(), this.empty();
    if (old) {
      old.outerHTML = alarm.html;
    } else {
      this.insertAdjacentHTML('afterbegin', alarm.html);
      this.firstElementChild?.classList.add('new');
    }
    const card = this.querySelector(`.al[data-id="${CSS.escape(alarm.id)}"]`);
    if (card) {
      window.htmx.process(card);
      if (alarm.level === 'crit' && alarm.fresh) card.setAttribute('aria-live', 'assertive');
    }
    this.order();
    this.empty();
    document.dispatchEvent(new CustomEvent('time:tick'));
  }
  /** Unacknowledged critical ones first, then by time; at most 100 stay. */
  order() {
    const rank = (/** @type {HTMLElement} */ c) => (c.classList.contains('done') ? 2 : c.dataset.l === 'crit' ? 0 : 1);
    const since = (/** @type {HTMLElement} */ c) => Number(c.dataset.since);
    const cards = /** @type {HTMLElement[]} */ ([...this.querySelectorAll('.al')]);
    const sorted = [...cards].sort((a, b) => rank(a) - rank(b) || since(b) - since(a));
    if (sorted.some((card, i) => card !== cards[i])) this.append(...sorted.slice(0, 100));
    for (const card of sorted.slice(100)) card.remove();
  }
  empty() {
    const none = this.querySelector('.empty');
    if (none instanceof HTMLElement) none.hidden = this.querySelector('.al') !== null;
  }
}
customElements.define('alarm-feed', AlarmFeed);
