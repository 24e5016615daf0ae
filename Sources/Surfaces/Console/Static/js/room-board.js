// @ts-check
import { on } from './live.js';

/** Keyboard grid of rooms. Rows and cells are the server's, links without this script; this adds behaviour only. */
class RoomBoard extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', (e) => {
      const cell = /** @type {HTMLElement} */ (e.target).closest('.rm');
      if (!(cell instanceof HTMLAnchorElement) || e.ctrlKey || e.metaKey || e.shiftKey) return;
      e.preventDefault();
      this.open(cell);
    });
    this.addEventListener('keydown', (e) => this.move(e));
    this.end = on('room', (room) => this.update(room));
  }
  disconnectedCallback() {
    this.end?.();
  }
  cells() {
    return /** @type {HTMLElement[]} */ ([...this.querySelectorAll('.rm')]);
  }
  /** @param {HTMLAnchorElement} cell */
  async open(cell) {
    for (const other of this.querySelectorAll('[aria-current]')) other.removeAttribute('aria-current');
    cell.setAttribute('aria-current', 'true');
    this.focusOn(cell);
    await window.htmx.ajax('GET', cell.href, { target: '#drawer', swap: 'innerHTML' });
    const drawer = /** @type {HTMLDialogElement} */ (document.querySelector('#drawer'));
    if (!drawer.open) drawer.show();
    drawer.querySelector('button')?.focus();
  }
  /** @param {KeyboardEvent} e */
  move(e) {
    const cells = this.cells();
    const at = cells.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at < 0) return;
    const row = cells[at].closest('.brow');
    const rows = [...this.querySelectorAll('.brow:not(.hd)')];
    const inRow = (/** @type {Element | null | undefined} */ r) => /** @type {HTMLElement[]} */ ([...(r?.querySelectorAll('.rm') ?? [])]);
    const here = inRow(row), column = here.indexOf(cells[at]);
    const beside = (/** @type {number} */ step) => {
      const there = inRow(rows[rows.indexOf(/** @type {Element} */ (row)) + step]);
      return there[Math.min(column, there.length - 1)];
    };
    /** @type {Record<string, () => HTMLElement | undefined>} */
    const keys = {
      ArrowRight: () => cells[at + 1],
      ArrowLeft: () => cells[at - 1],
      ArrowDown: () => beside(1),
      ArrowUp: () => beside(-1),
      Home: () => here[0],
      End: () => here[here.length - 1],
    };
    const to = keys[e.key]?.();
    if (!to) return;
    e.preventDefault();
    this.focusOn(to);
  }
  /** @param {HTMLElement} cell the one cell that Tab reaches */
  focusOn(cell) {
    for (const other of this.querySelectorAll('.rm[tabindex="0"]')) other.setAttribute('tabindex', '-1');
    cell.tabIndex = 0;
    cell.focus();
  }
  /** @param {{id: string, state: string, label: string, aria: string, icon: string, amount: string}} room */
  update(room) {
    const cell = this.querySelector(`[data-id="${CSS.escape(room.id)}"]`);
    if (!(cell instanceof HTMLElement)) return;
    const changed = cell.dataset.s !== room.state || cell.querySelector('em')?.textContent !== room.label;
    if (!changed) return;
    cell.dataset.s = room.state;
    if (room.amount) cell.dataset.v = room.amount;
    else delete cell.dataset.v;
    cell.setAttribute('aria-label', room.aria);
    const label = cell.querySelector('em'), use = cell.querySelector('use');
    if (label) label.textContent = room.label;
    use?.setAttribute('href', room.icon ? `${document.documentElement.dataset.vendor}/icons.svg#${room.icon}` : '');
    if (this.dataset.only) cell.classList.toggle('hit', cell.dataset.s === this.dataset.only);
    cell.classList.remove('flash');
    requestAnimationFrame(() => cell.classList.add('flash'));
    setTimeout(() => cell.classList.remove('flash'), 1000);
  }
}
customElements.define('room-board', RoomBoard);
