/** What the vendored scripts put on `window`. */
interface Window {
  htmx: {
    ajax(verb: string, url: string, options: { target: string; swap?: string }): Promise<void>;
    process(element: Element): void;
    trigger(element: Element, event: string): void;
  };
  echarts: any;
}
