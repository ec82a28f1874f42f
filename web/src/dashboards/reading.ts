// What a picture says in words: its points, its finding, its summary for those who do not see it.

import type { Cell, Rows, Widget } from '../api';
import { capital, count, percent, stretch } from '../values/format';

/** One mark: a label or a moment, and a number. */
export interface Point {
  label: string;
  value: number;
  /** Moments only: milliseconds since 1970. */
  at: number | null;
  /** The cell the label came from. */
  raw: Cell;
}

/** The cells of one column. */
export function column(rows: Rows, name: string | undefined): Cell[] {
  const at = rows.columns.findIndex((one) => one.name === name);
  return at < 0 ? [] : rows.rows.map((row) => row[at] ?? null);
}

/** A cell as a number; what is none counts as 0. */
export function number(cell: Cell | undefined): number {
  return typeof cell === 'number' ? cell : Number(cell ?? 0) || 0;
}

/** The grain the server chose for this answer. */
export function grain(widget: Widget, rows: Rows): string {
  return String(column(rows, widget.encode.grain)[0] ?? 'day');
}

/** The points of a picture in the order drawn; stretches of time without rows count 0. */
export function points(widget: Widget, rows: Rows): Point[] {
  const { encode } = widget;
  const values = column(rows, encode.y).map(number);
  if (encode.x && rows.columns.find((one) => one.name === encode.x)?.type === 'time') {
    const step = grain(widget, rows);
    const by = new Map<number, number>();
    column(rows, encode.x).forEach((cell, i) => {
      const at = Date.parse(String(cell));
      if (!Number.isNaN(at)) by.set(at, (by.get(at) ?? 0) + (values[i] ?? 0));
    });
    return moments([...by.keys()], encode.grain ? step : null).map((at) => ({
      label: capital(stretch(at, step)),
      value: by.get(at) ?? 0,
      at,
      raw: new Date(at).toISOString().slice(0, 10),
    }));
  }
  return column(rows, encode.label ?? encode.x).map((cell, i) => ({
    label: capital(String(cell ?? 'not recorded')),
    value: values[i] ?? 0,
    at: null,
    raw: cell,
  }));
}

/** Every stretch from the first to the last. */
function moments(known: number[], step: string | null): number[] {
  known.sort((a, b) => a - b);
  const [first, last] = [known[0], known.at(-1)];
  if (step === null || first === undefined || last === undefined) return known;
  const all: number[] = [];
  for (let at = first; at <= last && all.length < 40_000; at = after(at, step)) all.push(at);
  return all;
}

/** Where the stretch that starts here ends. */
export function after(start_ms: number, step: string): number {
  const date = new Date(start_ms);
  if (step === 'year') date.setUTCFullYear(date.getUTCFullYear() + 1);
  else if (step === 'month') date.setUTCMonth(date.getUTCMonth() + 1);
  else date.setUTCDate(date.getUTCDate() + (step === 'week' ? 7 : 1));
  return date.getTime();
}

/** The words in braces a title may use, for these rows. */
function words(widget: Widget, rows: Rows): Record<string, string> {
  const all = points(widget, rows);
  const total = all.reduce((sum, one) => sum + one.value, 0);
  const top = all.reduce<Point | null>((best, one) => (best === null || one.value > best.value ? one : best), null);
  const found: Record<string, string> = { total: count(total), count: count(all.length), grain: grain(widget, rows) };
  if (top) {
    found['top.label'] = found['peak.x'] = top.label;
    found['top.y'] = found['peak.y'] = count(top.value);
    found['top.percent'] = percent(total > 0 ? top.value / total : 0);
  }
  return found;
}

/** Fills a template of the dashboard file, such as `{top.label}: {top.y} of {total}`. */
export function fill(template: string | undefined, widget: Widget, rows: Rows): string {
  if (!template) return '';
  const found = words(widget, rows);
  return template.replace(/\{([a-z.]+)\}/g, (whole, name: string) => found[name] ?? whole);
}

/** One sentence that stands for the picture. */
export function summary(widget: Widget, rows: Rows): string {
  const all = points(widget, rows);
  const word = widget.encode.word ?? 'values';
  const total = all.reduce((sum, one) => sum + one.value, 0);
  const top = all.reduce<Point | null>((best, one) => (best === null || one.value > best.value ? one : best), null);
  if (!top) return 'No rows.';
  if (top.at !== null) {
    return `${count(total)} ${word} from ${all[0]!.label} to ${all.at(-1)!.label} by ${grain(widget, rows)}; most in ${top.label}: ${count(top.value)}.`;
  }
  const first = all.slice(0, 3).map((one) => `${one.label} ${count(one.value)}`);
  return `${all.length} groups, ${word}: ${first.join(', ')}${all.length > 3 ? ', and more' : ''}.`;
}

/** The rows as CSV, quoted where needed. */
export function csv(rows: Rows): string {
  const cell = (value: Cell) => {
    const text = value === null ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [rows.columns.map((one) => cell(one.name)), ...rows.rows.map((row) => row.map(cell))]
    .map((line) => line.join(','))
    .join('\r\n');
}
