// The one chart theme, read from the tokens so that light and dark stay in one place.

import type { Config } from 'vega';

/** The value of a token now. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Axes as hairlines, labels in ink, no frame, no ornament. */
export function look(): Config {
  const font = token('text');
  return {
    background: 'transparent',
    font,
    view: { stroke: null },
    axis: {
      labelFont: font,
      labelFontSize: 12,
      labelColor: token('ink-3'),
      titleFont: font,
      titleFontSize: 12,
      titleColor: token('ink-2'),
      gridColor: token('line'),
      domainColor: token('edge'),
      tickColor: token('edge'),
      labelPadding: 6,
    },
    text: { font, fontSize: 12, fill: token('ink') },
    legend: { labelFont: font, labelColor: token('ink-2'), titleFont: font, titleColor: token('ink-2') },
    range: { category: [1, 2, 3, 4, 5, 6].map((slot) => token(`series-${slot}`)) },
    aria: false,
  } as unknown as Config;
}

/** Text is measured when drawn, so the typeface has to be there first. */
export async function typeface(): Promise<void> {
  await Promise.all([document.fonts.load(`12px ${token('text')}`), document.fonts.load(`600 12px ${token('text')}`)]);
}
