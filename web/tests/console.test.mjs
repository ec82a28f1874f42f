// The console in a real browser against a real server. Every number is compared with `expected.mjs`, which reads the
// files itself.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { accessible, fits, launch, picture, visit } from './browser.mjs';
import { population, read } from './expected.mjs';
import { folders, start } from './tarn.mjs';

/** Asking who is signed in, before anyone is, is answered 401, which the browser reports. */
const NOT_YET = /status of 401 .*\/api\/session$/;
/** What was still being asked while signing out is refused as well. */
const NO_LONGER = /status of 401 .*\/api\//;
/** The way Chromium reports an answer that a test made fail on purpose. */
const ON_PURPOSE = /Failed to load resource/;

for (const folder of folders()) {
  describe(`with ${folder.name}`, { skip: existsSync(folder.path) ? false : folder.why }, () => {
    let tarn, browser, store, files, expected, storageState, key;

    before(async () => {
      files = read(folder.path);
      expected = population(files);
      tarn = await start(folder.path);
      browser = await launch();
      store = await tarn.imported([...files.types.values()].reduce((sum, one) => sum + one.length, 0));
      key = await tarn.call('POST', '/api/keys', { role: 'admin' });
    });

    after(async () => {
      await browser?.close();
      const code = await tarn?.stop();
      if (tarn) assert.equal(code, 0, 'SIGTERM ends the server with 0');
    });

    /** A signed-in page. */
    async function open(path, options = {}) {
      const visited = await visit(browser, tarn.origin, { storageState, ...options });
      await visited.page.goto(`${tarn.origin}/console/${path}`);
      return visited;
    }

    test('the printed link signs in once and leaves no token behind', async () => {
      const { page, context, calm } = await visit(browser, tarn.origin);
      const answer = await page.goto(tarn.link);
      const policy = answer.headers()['content-security-policy'] ?? '';
      assert.match(policy, /default-src 'self'/);
      assert.doesNotMatch(policy, /unsafe-eval/);
      await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
      assert.equal(new URL(page.url()).hash, '');
      storageState = await context.storageState();
      assert.ok(storageState.cookies.every((cookie) => cookie.httpOnly && cookie.sameSite !== 'None'));
      calm();
      await context.close();

      const second = await visit(browser, tarn.origin);
      await second.page.goto(tarn.link);
      await second.page.getByText('This sign-in link is no longer valid.').waitFor();
      assert.equal(new URL(second.page.url()).hash, '');
      second.calm(NOT_YET);
      await second.context.close();
    });

    test('a wrong secret is refused in words, the right one lets in, and signing out ends it', async () => {
      const { page, context, calm } = await visit(browser, tarn.origin);
      await page.goto(`${tarn.origin}/console/`);
      await page.getByLabel('Key id').fill(key.key_id);
      await page.getByLabel('Secret').fill('not-the-secret');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('do not belong together').waitFor();
      await accessible(page, 'the refused sign-in');
      await picture(page, `${folder.name}-sign-in-refused`);
      await page.getByLabel('Secret').fill(key.secret);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in to Tarn' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Sign in to Tarn' }).waitFor();
      calm(NOT_YET, NO_LONGER);
      await context.close();
    });

    test('the overview counts what the files hold', async () => {
      const { page, context, calm } = await open('');
      const station = (name) => page.locator(`[data-station="${name}"] [data-test="value"]`);
      // What the files hold, and what was made from their notes.
      const counts = Object.fromEntries([...files.types].map(([type, list]) => [type, list.length]));
      for (const type of ['Condition', 'Linkage', 'MedicationStatement', 'Observation']) {
        const query = `SELECT count(*) AS n FROM ${type.toLowerCase()} WHERE meta['tag'][1]['code'] = 'SYSTEM_GENERATED'`;
        const [{ n }] = await tarn.call('POST', '/sql', { store: store.datastore_id, query });
        if (n > 0) counts[type] = (counts[type] ?? 0) + n;
      }
      const total = Object.values(counts).reduce((sum, one) => sum + one, 0);
      await station('resources').waitFor();
      assert.equal(await figure(station('resources')), total);
      assert.equal(await figure(station('files')), files.files);
      assert.equal(await figure(station('tables')), Object.keys(counts).length);
      assert.equal(await figure(station('notes')), files.types.get('DocumentReference')?.length ?? 0);
      assert.ok((await figure(station('pictures'))) >= 1);
      assert.match(await page.locator('[data-station="notes"]').innerText(), /[\d,]+ findings in [\d,]+ read/);

      const all = page.getByRole('button', { name: /Show all/ });
      if (await all.count()) await all.click();
      const shown = {};
      for (const row of await page.locator('[data-type]').all()) {
        shown[await row.getAttribute('data-type')] = await figure(row.locator('.number'));
      }
      assert.deepEqual(shown, counts);
      assert.match(await page.locator('[data-test="fresh"]').innerText(), /reflects commit \d/);
      assert.equal(await figure(page.locator('[data-widget="patients"] [data-test="value"]')), expected.patients);
      calm();
      await context.close();
    });

    test('the calls shown for use from outside work as pasted', async () => {
      const { page, context, calm } = await open('');
      await page.getByRole('button', { name: 'Copy: FHIR' }).click();
      const text = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(text, /\$TARN_KEY/);
      assert.ok(!(await page.content()).includes(key.secret), 'no secret in the page');
      const { execFileSync } = await import('node:child_process');
      const shell = (program) => execFileSync('bash', ['-c', program], { env: { ...process.env, TARN_KEY: key.bearer }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      assert.equal(JSON.parse(shell(text)).resourceType, 'Bundle');
      await page.getByRole('button', { name: 'Copy: SQL' }).click();
      const rows = shell(await page.evaluate(() => navigator.clipboard.readText())).trim().split(/\r?\n/).slice(1).sort();
      assert.deepEqual(rows, expected.genders.map(([gender, patients]) => `${gender},${patients}`).sort());
      calm();
      await context.close();
    });

    test('the population dashboard shows the numbers of the files', async () => {
      const { page, context, calm } = await open('dashboards');
      await page.getByRole('link', { name: /Population/ }).click();
      await page.getByRole('heading', { name: 'Population', level: 1 }).waitFor();
      await compare(page, expected);
      calm();
      await context.close();
    });

    test('a gender, a time and a grain narrow every picture they concern', async () => {
      const { page, context, calm } = await open('dashboards/population');
      const gender = expected.genders[0][0];
      await page.locator('[data-widget="gender"]').getByRole('button', { name: new RegExp(`^${gender}`, 'i') }).click();
      await page.getByRole('list', { name: 'Filters in force' }).waitFor();
      await compare(page, population(files, { gender }));

      await page.getByRole('button', { name: '10 years', exact: true }).click();
      const range = new URL(page.url()).searchParams.get('encounters').split('..');
      assert.equal(range[1], expected.span.last);
      await compare(page, population(files, { gender, from: range[0], to: range[1] }));

      await page.getByRole('group', { name: /Grain/ }).getByRole('button', { name: 'Year' }).click();
      await compare(page, population(files, { gender, from: range[0], to: range[1], grain: 'year' }));

      // The address alone brings the same view back.
      await page.reload();
      await compare(page, population(files, { gender, from: range[0], to: range[1], grain: 'year' }));
      await page.getByRole('button', { name: 'Clear all' }).click();
      await compare(page, expected);
      calm();
      await context.close();
    });

    test('the line is stepped by keyboard and by pointer, and a drag chooses a time', async () => {
      const { page, context, calm } = await open('dashboards/population');
      const line = page.getByRole('slider', { name: /Encounters by start date/ });
      await page.locator('[data-widget="encounters-by-start"] .canvas svg').waitFor();
      await line.focus();
      await page.keyboard.press('End');
      const last = expected.byStart.rows.at(-1);
      assert.match(await line.getAttribute('aria-valuetext'), new RegExp(`${last[0].slice(0, 4)}: ${last[1].toLocaleString('en')} encounter`));
      await page.keyboard.press('Home');
      assert.match(await line.getAttribute('aria-valuetext'), new RegExp(`${expected.byStart.rows[0][0].slice(0, 4)}: `));
      await line.scrollIntoViewIfNeeded();
      const box = await line.boundingBox();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 100);
      await page.locator('.tip').waitFor();
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.8, box.y + 100, { steps: 5 });
      await page.mouse.up();
      await page.waitForURL(/encounters=/);
      const [from, to] = new URL(page.url()).searchParams.get('encounters').split('..');
      await compare(page, population(files, { from, to }));
      calm();
      await context.close();
    });

    for (const scheme of ['light', 'dark']) {
      for (const [width, height] of [[1440, 1000], [390, 844]]) {
        test(`every screen is accessible and fits, ${scheme}, ${width} wide`, async () => {
          const { page, context, calm } = await open('', { scheme, width, height, touch: width < 500 });
          for (const [name, path, ready] of [
            ['overview', '', '[data-widget="encounters-by-start"] .canvas svg'],
            ['dashboards', 'dashboards', 'main li a'],
            ['population', 'dashboards/population', '[data-widget="gender"] .canvas svg'],
            ['population filtered', `dashboards/population?gender=${expected.genders[0][0]}&grain=month`, '[data-widget="gender"] .canvas svg'],
            ['hospital', 'dashboards/hospital', '[data-widget="now"] [data-test="value"]'],
            ['timeline', 'dashboards/timeline', '[data-widget="conditions"] table'],
            ['missing', 'no-such-page', 'h1'],
          ]) {
            await page.goto(`${tarn.origin}/console/${path}`);
            await page.locator(ready).first().waitFor();
            await page.waitForTimeout(500);
            assert.equal(await page.locator('html').getAttribute('data-theme'), scheme);
            assert.equal(await page.getByText('This picture failed').count(), 0, `${name}: a picture failed`);
            await picture(page, `${folder.name}-${name}-${scheme}-${width}`);
            await accessible(page, `${name}, ${scheme}, ${width}`);
            await fits(page, `${name}, ${width}`);
          }
          await page.goto(`${tarn.origin}/console/dashboards/population`);
          const pictures = page.getByRole('button', { name: /show as a table/ });
          await pictures.first().waitFor();
          while (await pictures.count()) await pictures.first().click();
          await accessible(page, `the tables, ${scheme}, ${width}`);
          calm();
          await context.close();
        });
      }
    }

    test('the chosen theme stays', async () => {
      const { page, context, calm } = await open('');
      await page.getByRole('button', { name: 'Dark' }).click();
      assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
      await page.reload();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
      calm();
      await context.close();
    });

    test('a picture that fails says so alone, and a failed answer can be asked for again', async () => {
      const { page, context, calm } = await visit(browser, tarn.origin, { storageState });
      await page.route('**/dashboards/population/data', async (route) => {
        const answer = await route.fetch();
        const body = await answer.json();
        delete body.datasets.gender;
        body.errors.gender = 'the query took longer than 30 s';
        await route.fulfill({ response: answer, json: body });
      });
      await page.goto(`${tarn.origin}/console/dashboards/population`);
      await page.getByText('This picture failed: the query took longer than 30 s').waitFor();
      assert.equal(await figure(page.locator('[data-widget="encounters"] [data-test="value"]')), expected.encounters);
      await accessible(page, 'a failed picture');

      await page.unroute('**/dashboards/population/data');
      await page.route('**/dashboards/population/data', (route) =>
        route.fulfill({ status: 500, json: { error: { message: 'this went wrong on our side', request_id: 'r-17' } } }),
      );
      await page.reload();
      await page.getByText('This went wrong on our side.').waitFor();
      await page.getByText('r-17').waitFor();
      await picture(page, `${folder.name}-failed`);
      await page.unroute('**/dashboards/population/data');
      await page.getByRole('button', { name: 'Try again' }).click();
      await compare(page, expected);
      calm(ON_PURPOSE);
      await context.close();
    });

    test('an empty store says how to fill it, and a new resource shows without reloading', async () => {
      const hollow = await tarn.call('POST', '/api/stores', { name: 'hollow' });
      const { page, context, calm } = await open('');
      await page.getByLabel('Store').selectOption({ label: 'hollow' });
      await page.locator('[data-test="empty"]').waitFor();
      assert.match(await page.locator('[data-test="empty"]').innerText(), /tarn import --store hollow/);
      await accessible(page, 'the empty store');
      await picture(page, `${folder.name}-empty`);

      await tarn.call('POST', `/datastore/${hollow.datastore_id}/r4/Patient`, { resourceType: 'Patient', gender: 'other' }, 'application/fhir+json');
      const resources = page.locator('[data-station="resources"] [data-test="value"]');
      await page.waitForFunction((element) => element?.textContent === '1', await resources.elementHandle());
      await page.getByRole('link', { name: 'Dashboards' }).click();
      await page.getByRole('link', { name: /Population/ }).click();
      const patients = page.locator('[data-widget="patients"] [data-test="value"]');
      await patients.waitFor();
      assert.equal(await figure(patients), 1);
      assert.match(await page.locator('[data-widget="gender"]').innerText(), /Other/);
      // A type nobody has stored yet is a picture without rows, not a failed one.
      assert.equal(await page.getByRole('alert').count(), 0);
      await picture(page, `${folder.name}-nearly-empty`);
      calm();
      await context.close();
      await tarn.call('DELETE', `/api/stores/${hollow.datastore_id}`);
    });
  });
}

/** The number an element shows. */
async function figure(locator) {
  return Number((await locator.first().innerText()).replaceAll(',', ''));
}

/** Waits until the pictures are those of the choices in the address, then compares all of them. */
async function compare(page, expected) {
  await page.locator('[data-widget="patients"] [data-test="value"]').waitFor();
  await page.locator('.grid[aria-busy="false"]').waitFor();
  const value = (id) => figure(page.locator(`[data-widget="${id}"] [data-test="value"]`));
  assert.equal(await value('patients'), expected.patients, 'patients');
  assert.equal(await value('encounters'), expected.encounters, 'encounters');
  assert.equal(await value('active-conditions'), expected.active, 'with an active condition');
  assert.equal(await value('deceased'), expected.deceased, 'deceased');
  assert.deepEqual(await table(page, 'gender'), expected.genders.map(([gender, count]) => [gender, String(count)]), 'by gender');
  assert.deepEqual(
    await table(page, 'encounters-by-start'),
    expected.byStart.rows.slice(0, 500).map(([start, count]) => [start, expected.byStart.grain, count.toLocaleString('en')]),
    'by start',
  );
  assert.deepEqual(
    await table(page, 'encounters-by-condition'),
    expected.conditions.slice(0, 15).map(([condition, count]) => [condition, count.toLocaleString('en'), expected.conditions.length.toLocaleString('en')]),
    'by condition',
  );
  assert.deepEqual(await table(page, 'ages'), expected.ages.map(([from, gender, count]) => [String(from), gender, String(count)]), 'by age');
  // The bars say the same as their table.
  const bars = page.locator('[data-widget="encounters-by-condition"] ol .number');
  const shown = (await bars.allInnerTexts()).map((text) => Number(text.replaceAll(',', '')));
  assert.deepEqual(shown, expected.conditions.slice(0, 15).map(([, count]) => count), 'bars');
}

/** The cells of a picture's table twin; shows the picture again afterwards. */
async function table(page, id) {
  const widget = page.locator(`[data-widget="${id}"]`);
  await widget.getByRole('button', { name: /show as a table/ }).click();
  const rows = await widget.locator('tbody tr').evaluateAll((list) => list.map((row) => [...row.cells].map((cell) => cell.textContent.trim())));
  await widget.getByRole('button', { name: /show the picture/ }).click();
  return rows;
}
