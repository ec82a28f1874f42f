// The chosen store, followed live: its latest overview, how fast it grows, and whether the line is up.

import { ApiError, overview, watch, type Overview } from './api';

/** Growth per second, measured between events. */
export interface Rates {
  bytes: number;
  resources: number;
  rows: number;
}

/** The server ends its streams now and then and the browser comes back: only a longer gap is worth a word. */
const GRACE_MS = 5000;

const STILL: Rates = { bytes: 0, resources: 0, rows: 0 };

class Live {
  /** The latest overview; null until the first arrives. */
  now = $state.raw<Overview | null>(null);
  /** When it arrived, by this machine's clock. */
  seen_ms = $state(0);
  rates = $state.raw<Rates>(STILL);
  connected = $state(false);
  error = $state.raw<ApiError | null>(null);

  #store: string | null = null;
  #stop: (() => void) | null = null;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #mark: { at: number; overview: Overview } | null = null;

  /** Follows another store; null follows none. */
  follow(store: string | null): void {
    this.#stop?.();
    this.#stop = null;
    clearTimeout(this.#grace);
    this.#store = store;
    this.#mark = null;
    this.now = null;
    this.rates = STILL;
    this.error = null;
    this.connected = false;
    if (store === null) return;
    this.#stop = watch(
      store,
      (seen) => this.#take(seen),
      (up, closed) => {
        clearTimeout(this.#grace);
        if (up) this.connected = true;
        else this.#grace = setTimeout(() => (this.connected = false), GRACE_MS);
        if (!up && (closed || this.now === null)) void this.#ask(store);
      },
    );
  }

  /** Tries again after an error. */
  retry(): void {
    this.follow(this.#store);
  }

  #take(seen: Overview): void {
    const at = performance.now();
    const mark = this.#mark;
    if (mark && at - mark.at > 200) {
      const seconds = (at - mark.at) / 1000;
      const before = mark.overview.river;
      const running = seen.import !== null && isRunning(seen.import.phase);
      this.rates = {
        bytes: rate((seen.import?.bytes_done ?? 0) - (mark.overview.import?.bytes_done ?? 0), seconds),
        resources: running && seen.import ? seen.import.per_second : rate(seen.river.resources.count - before.resources.count, seconds),
        rows: rate(seen.river.tables.rows - before.tables.rows, seconds),
      };
    }
    this.#mark = { at, overview: seen };
    this.now = seen;
    this.seen_ms = Date.now();
    this.error = null;
    this.connected = true;
    clearTimeout(this.#grace);
  }

  /** The event stream does not say why it failed; a plain call does. */
  async #ask(store: string): Promise<void> {
    try {
      const seen = await overview(store);
      if (store === this.#store) this.#take(seen);
    } catch (error) {
      if (store === this.#store && error instanceof ApiError) this.error = error;
    }
  }
}

function rate(grown: number, seconds: number): number {
  return grown > 0 ? grown / seconds : 0;
}

/** Whether an import in this phase is still at work. */
export function isRunning(phase: string): boolean {
  return phase !== 'done' && phase !== 'failed';
}

/** The one live store of the console. */
export const live = new Live();
