// @ts-check
/**
 * `<e-chart src="/x.json">` draws one series. The library is loaded when the first chart comes into view; canvas and
 * rich-text tooltips keep it inside the strict policy; colours come from the tokens and are read again on a change of
 * theme. The numbers are in the page's table without it.
 */
import { on } from './live.js';

/** @type {Promise<void> | undefined} */
let library;
const load = () =>
  library ??= new Promise((ok, no) => {
    const script = document.createElement('script');
    script.src = `${document.documentElement.dataset.vendor}/echarts.min.js`;
    script.onload = () => ok();
    script.onerror = no;
    document.head.append(script);
  });

/** Values come one by one; a chart is drawn again at most so often. */
const AGAIN_MS = 5000;

class EChart extends HTMLElement {
  connectedCallback() {
    this.setAttribute('role', 'img');
    this.watch = new IntersectionObserver((seen) => {
      if (!seen.some((s) => s.isIntersecting)) return;
      this.watch?.disconnect();
      this.start();
    });
    this.watch.observe(this);
    this.redraw = () => this.draw();
    document.addEventListener('theme:changed', this.redraw);
    this.end = on('values', (values) => this.hear(values));
  }
  disconnectedCallback() {
    this.watch?.disconnect();
    this.size?.disconnect();
    if (this.redraw) document.removeEventListener('theme:changed', this.redraw);
    this.end?.();
    clearTimeout(this.later);
    this.chart?.dispose();
  }
  /** @param {{key: string, at: number}[]} values */
  hear(values) {
    const key = new URL(this.getAttribute('src') ?? '', location.href).searchParams.get('metric');
    const last = this.data?.points.at(-1)?.[0];
    if (this.later || last === undefined || !values.some((v) => v.key === key && v.at > last)) return;
    this.later = setTimeout(async () => {
      this.later = undefined;
      const data = await this.fetch().catch(() => undefined);
      if (!data || !this.isConnected) return;
      this.data = data;
      this.chart?.setOption(options(data, this.token()));
    }, AGAIN_MS);
  }
  async start() {
    try {
      const [, data] = await Promise.all([load(), this.fetch()]);
      if (!this.isConnected) return;
      this.data = data;
      this.size = new ResizeObserver(() => this.chart?.resize());
      this.size.observe(this);
      this.draw();
    } catch {
      this.dataset.ready = 'failed';
      this.textContent = this.dataset.failed ?? '';
    }
  }
  async fetch() {
    const answer = await fetch(this.getAttribute('src') ?? '', { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }
  draw() {
    const data = this.data;
    if (!data) return;
    this.chart?.dispose();
    this.chart = window.echarts.init(this, null, { renderer: 'canvas' });
    this.chart.setOption(options(data, this.token()));
    this.dataset.ready = '1';
  }
  /** @returns {(name: string) => string} */
  token() {
    const style = getComputedStyle(document.documentElement);
    return (name) => style.getPropertyValue(name).trim();
  }
}

/**
 * @param {{from: number, to: number, name: string, unit: string, step: boolean, points: [number, number, number?, number?][], labels?: string[]}} data
 * @param {(name: string) => string} v
 */
function options(data, v) {
  const axis = { color: v('--ink-3'), fontSize: 11, fontFamily: v('--font') };
  // A band of a few points among single values would be drawn as wedges between them.
  const band = data.points.filter((p) => p.length > 2).length * 2 > data.points.length;
  const few = data.points.length < 40;
  const low = data.points.map((p) => [p[0], p[2] ?? p[1]]);
  const high = data.points.map((p) => [p[0], (p[3] ?? p[1]) - (p[2] ?? p[1])]);
  const hidden = { type: 'line', stack: 'band', symbol: 'none', lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false }, animation: false };
  return {
    textStyle: { fontFamily: v('--font') },
    grid: { left: 8, right: 14, top: 14, bottom: 4, containLabel: true },
    tooltip: {
      trigger: 'axis', renderMode: 'richText', backgroundColor: v('--surface'), borderColor: v('--line-2'),
      textStyle: { color: v('--ink'), fontSize: 12 }, axisPointer: { type: 'line', lineStyle: { color: v('--line-2') } },
      valueFormatter: (/** @type {number} */ n) => (data.labels?.[n] ?? `${n}${data.unit ? ' ' + data.unit : ''}`),
    },
    xAxis: { type: 'time', min: data.from, max: data.to, axisTick: { show: false }, axisLine: { lineStyle: { color: v('--line-2') } }, axisLabel: { ...axis, hideOverlap: true }, splitLine: { show: false } },
    yAxis: {
      type: 'value', scale: true, splitNumber: 4, ...(data.unit === '%' ? { min: 0, max: 100, interval: 25 } : {}), minInterval: data.labels ? 1 : undefined,
      axisLabel: { ...axis, formatter: data.labels ? (/** @type {number} */ n) => data.labels?.[n] ?? '' : undefined },
      splitLine: { lineStyle: { color: v('--line') } },
    },
    series: [
      ...(band ? [{ ...hidden, data: low }, { ...hidden, data: high, areaStyle: { color: v('--brand'), opacity: 0.12 } }] : []),
      {
        name: data.name, type: 'line', data: data.points.map((p) => [p[0], p[1]]), step: data.step ? 'end' : false,
        symbol: 'circle', showSymbol: few, showAllSymbol: few, symbolSize: 5, lineStyle: { width: 1.75 },
        itemStyle: { color: v('--brand') }, color: v('--brand'), connectNulls: false,
        areaStyle: band || data.step ? undefined : { color: v('--brand'), opacity: 0.08 },
      },
    ],
    animation: !matchMedia('(prefers-reduced-motion: reduce)').matches, animationDuration: 240,
  };
}
customElements.define('e-chart', EChart);
