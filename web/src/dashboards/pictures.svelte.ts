// The rows behind a dashboard's pictures, kept fresh: asked for again when the choices or the commit change.
//
// Always true: what is shown stays until its successor is here, and an answer that was overtaken is dropped.

import { ApiError, dashboardData, type Choices, type Dashboard, type DashboardData } from '../api';

/** Least time between two questions that only a new commit caused. */
const PAUSE_MS = 2500;

export class Pictures {
  data = $state.raw<DashboardData | null>(null);
  error = $state.raw<ApiError | null>(null);
  loading = $state(false);
  /** Loading because the choices changed: what is shown is no longer what was asked for. */
  changing = $state(false);
  /** Colours by label, the same in every picture of the dashboard. */
  readonly palette = new Map<string, number>();

  #asked = '';
  #commit = -1;
  #at = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  #again: () => void = () => {};

  /** Makes sure the rows fit these choices and reflect at least this commit. */
  follow(store: string, definition: Dashboard, choices: Choices, commit: number, datasets?: string[]): void {
    const asked = JSON.stringify([store, definition.id, choices, datasets ?? null]);
    if (asked === this.#asked && commit <= Math.max(this.#commit, this.data?.commit ?? 0)) return;
    const hurry = asked !== this.#asked;
    if (hurry) {
      this.#asked = asked;
      this.changing = true;
    }
    this.#commit = commit;
    this.#again = () => void this.#load(store, definition, choices, datasets);
    clearTimeout(this.#timer);
    const wait = hurry ? 0 : Math.max(0, this.#at + PAUSE_MS - Date.now());
    if (wait === 0) this.#again();
    else this.#timer = setTimeout(this.#again, wait);
  }

  /** Asks again after an error. */
  retry(): void {
    this.#again();
  }

  /** Asks no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #load(store: string, definition: Dashboard, choices: Choices, datasets?: string[]): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.#at = Date.now();
    this.loading = true;
    try {
      const data = await dashboardData(store, definition.id, choices, datasets, abort.signal);
      this.#learnColours(definition, data);
      this.data = data;
      this.error = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = error instanceof ApiError ? error : new ApiError(0, String(error));
    } finally {
      if (this.#abort === abort) {
        this.loading = this.changing = false;
        this.#abort = null;
      }
    }
  }

  /** Donuts name the groups; they come first so that a filtered picture keeps the colours. */
  #learnColours(definition: Dashboard, data: DashboardData): void {
    const widgets = definition.tabs.flatMap((tab) => tab.widgets);
    for (const kind of ['donut', 'pyramid', 'column']) {
      for (const widget of widgets.filter((one) => one.kind === kind)) {
        const name = kind === 'donut' ? widget.encode.label : widget.encode.color;
        const rows = data.datasets[widget.dataset];
        if (!name || !rows) continue;
        const at = rows.columns.findIndex((column) => column.name === name);
        for (const label of rows.rows.map((row) => String(row[at])).sort()) {
          if (!this.palette.has(label)) this.palette.set(label, (this.palette.size % 6) + 1);
        }
      }
    }
  }
}
