// Starts a real `tarn demo` for the browser tests, on a free port and a folder of its own, and ends it.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** The executable under test: `$TARN_BIN`, or the release build. */
export function binary() {
  const target = process.env.CARGO_TARGET_DIR ? resolve(root, process.env.CARGO_TARGET_DIR) : join(root, 'target');
  const path = process.env.TARN_BIN ? resolve(process.env.TARN_BIN) : join(target, 'release/tarn');
  if (!existsSync(path)) {
    throw new Error(`${path} does not exist: run \`npm run build\` here, then \`cargo build --release -p cli\`, or name it in TARN_BIN`);
  }
  return path;
}

/** Folders of FHIR data to show: the committed sample, and the shared data where it is present. */
export function folders() {
  const shared = process.env.TARN_SHARED ?? join(root, '../shared');
  return [
    { name: 'the sample', path: join(root, 'cli/tests/sample'), why: 'the sample is part of the repository' },
    { name: 'synthea-2021', path: join(shared, 'data/fhir/synthea-2021'), why: 'needs the shared data, see TARN_SHARED' },
  ];
}

/** A running `tarn demo`. */
export async function start(from) {
  const data = mkdtempSync(join(tmpdir(), 'tarn-console-'));
  const child = spawn(binary(), ['demo', '--from', from, '--no-open', '--data', data, '--http', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let said = '';
  const ended = new Promise((done) => child.on('exit', (code) => done(code)));
  const link = await new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`no sign-in link within 120 s; it said:\n${said}`)), 120_000);
    const hear = (chunk) => {
      said += chunk;
      const link = /https?:\/\/\S+\/console\/#sign-in=[^\s"]+(?=\s)/.exec(said);
      if (!link) return;
      clearTimeout(timer);
      done(link[0]);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then((code) => fail(new Error(`tarn ended with ${code}; it said:\n${said}`)));
  });
  const { origin } = new URL(link);
  const token = JSON.parse(readFileSync(join(data, 'server.json'), 'utf8')).token;

  /** A call with the administrator's token the server leaves in its data folder. */
  async function call(method, path, body, type = 'application/json') {
    const answer = await fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  return {
    origin,
    link,
    call,
    /** Resolves once the whole import is in, and gives the store. */
    async imported(resources) {
      const until = Date.now() + 180_000;
      for (;;) {
        const store = (await call('GET', '/api/stores'))[0];
        if (store) {
          const now = await call('GET', `/api/stores/${store.datastore_id}/overview`);
          const running = now.import !== null && !['done', 'failed'].includes(now.import.phase);
          if (!running && now.river.resources.count >= resources && now.reflected_commit >= now.commit) return store;
          if (now.import?.phase === 'failed') throw new Error(`the import failed: ${now.import.error}`);
        }
        if (Date.now() > until) throw new Error(`the import did not finish within 180 s; tarn said:\n${said}`);
        await new Promise((done) => setTimeout(done, 200));
      }
    },
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      const code = await ended;
      clearTimeout(timer);
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}
