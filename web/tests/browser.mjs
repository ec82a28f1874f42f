// A real browser for the tests: Debian's Chromium, found or named in `$CHROMIUM`; nothing is ever downloaded.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = join(import.meta.dirname, '../test-results');

/** Starts the browser. */
export function launch() {
  const path = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((one) => one && existsSync(one));
  if (!path) throw new Error('no Chromium found: `apt-get install chromium`, or name one in CHROMIUM');
  mkdirSync(pictures, { recursive: true });
  return chromium.launch({
    executablePath: path,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A page that keeps account of what it should not do. `calm()` fails on an error in the console, an uncaught
 * exception, or a request to anywhere but `origin`; `expected` errors may be named.
 */
export async function visit(browser, origin, { storageState, width = 1440, height = 1000, scheme = 'light', touch = false } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    hasTouch: touch,
    permissions: ['clipboard-read', 'clipboard-write'],
    ...(storageState ? { storageState } : {}),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    faults.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('blob:') && !url.startsWith('data:')) faults.push(`asked ${url}`);
  });
  return {
    page,
    context,
    calm(...expected) {
      const rest = faults.filter((fault) => !expected.some((pattern) => pattern.test(fault)));
      assert.deepEqual(rest, [], 'the page should be calm');
    },
  };
}

/** No violation of WCAG 2.2 AA that axe can find. */
export async function accessible(page, where) {
  await page.evaluate(`${axe};0`);
  const found = await page.evaluate(() =>
    // eslint-disable-next-line no-undef
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  const words = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`);
  assert.deepEqual(words, [], `accessibility of ${where}`);
}

/** Nothing sticks out sideways. */
export async function fits(page, where) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(over <= 0, `${where} is ${over} px too wide`);
}

/** Keeps a picture to look at. */
export function picture(page, name) {
  return page.screenshot({ path: join(pictures, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`), fullPage: true });
}
