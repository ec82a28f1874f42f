// How values read. Numbers are grouped and never rounded unless the unit says so.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** `3980` reads `3,980`. */
export function count(value: number): string {
  return whole.format(value);
}

/** `118246938` reads `118 MB`. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? whole.format(rest) : short.format(rest)} ${units[unit]}`;
}

/** A rate, to three digits. */
export function perSecond(value: number): string {
  return `${short.format(value)}/s`;
}

/** `0.161` reads `16 %`; between 0 and 1 % it keeps one digit. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 1) return `${value.toFixed(1)} %`;
  if (value < 100 && value > 99) return `${(Math.floor(value * 10) / 10).toFixed(1)} %`;
  return `${Math.round(value)} %`;
}

/** How long ago, in one word. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  return `${Math.floor(minutes / 60)} h ago`;
}

const inUtc = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
const grains: Record<string, Intl.DateTimeFormat> = {
  year: inUtc({ year: 'numeric' }),
  month: inUtc({ month: 'long', year: 'numeric' }),
  week: inUtc({ day: 'numeric', month: 'short', year: 'numeric' }),
  day: inUtc({ day: 'numeric', month: 'short', year: 'numeric' }),
};

/** A stretch of time by its first moment: `2014`, `March 2014`, `week of 3 Mar 2014`, `3 Mar 2014`. */
export function stretch(start_ms: number, grain: string): string {
  const text = (grains[grain] ?? grains['day']!).format(start_ms);
  return grain === 'week' ? `week of ${text}` : text;
}

/** A chosen value: `Female`, `1 Jan 2012 – 10 Jul 2021`, `from 1 Jan 2012`. */
export function choice(value: string | { from: string | null; to: string | null } | null | undefined): string {
  if (!value) return '';
  if (typeof value === 'string') return capital(value);
  const day = (text: string) => stretch(Date.parse(text), 'day');
  if (value.from && value.to) return `${day(value.from)} – ${day(value.to)}`;
  return value.from ? `from ${day(value.from)}` : value.to ? `to ${day(value.to)}` : '';
}

/** The word for so many: the dashboard file gives the plural. */
export function counted(number: number, plural: string): string {
  return number === 1 ? plural.replace(/s$/, '') : plural;
}

/** `female` reads `Female`. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
