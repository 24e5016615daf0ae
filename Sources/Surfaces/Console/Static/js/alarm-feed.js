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

/**
 * A card that was drawn anew keeps the keyboard: on what can be done with it next.
 * @param {Element} card
 */
export function focusIn(card) {
  const next = card.querySelector('summary, .act button, .act a');
  if (next instanceof HTMLElement) next.focus();
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
    const hadFocus = old?.contains(document.activeElement) ?? false;
    if (!alarm.open) return old?.remove(), this.empty();
    if (old) {
      old.outerHTML = alarm.html;
    } else {
      this.insertAdjacentHTML('afterbegin', alarm.html);
      this.firstElementChild?.classList.add('new');
    }
    const card = this.querySelector(`.al[data-id="${CSS.escape(alarm.id)}"]`);
    if (card instanceof HTMLElement) {
      window.htmx.process(card);
      if (alarm.level === 'crit' && alarm.fresh) card.setAttribute('aria-live', 'assertive');
      this.place(card);
    }
    this.empty();
    if (hadFocus && card) focusIn(card);
    document.dispatchEvent(new CustomEvent('time:tick'));
  }
  /**
   * Unacknowledged critical ones first, then by time; at most 100 stay. Only this card is moved: whoever writes a note
   * in another one keeps the keyboard.
   * @param {HTMLElement} card
   */
  place(card) {
    const rank = (/** @type {HTMLElement} */ c) => (c.classList.contains('done') ? 2 : c.dataset.l === 'crit' ? 0 : 1);
    const since = (/** @type {HTMLElement} */ c) => Number(c.dataset.since);
    const all = () => /** @type {HTMLElement[]} */ ([...this.querySelectorAll('.al')]);
    const others = all().filter((c) => c !== card);
    const next = others.find((c) => rank(card) - rank(c) < 0 || (rank(card) === rank(c) && since(card) > since(c)));
    if (next && card.nextElementSibling !== next) next.before(card);
    else if (!next && others.at(-1)?.nextElementSibling !== card) others.at(-1)?.after(card);
    for (const extra of all().slice(100)) extra.remove();
  }
  empty() {
    const none = this.querySelector('.empty');
    if (none instanceof HTMLElement) none.hidden = this.querySelector('.al') !== null;
  }
}
customElements.define('alarm-feed', AlarmFeed);
