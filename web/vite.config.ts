// How the console is built: into `dist`, under `/console/`, every file but `index.html` named by its content.
// For development, `TARN=http://127.0.0.1:8470 npm run dev` passes API calls on to a running server.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const server = process.env.TARN ?? 'http://127.0.0.1:8470';

/** Puts `x.br` and `x.gz` beside every text file, so that the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async closeBundle() {
      const folder = join(import.meta.dirname, 'dist');
      const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(js|css|html|svg)$/.test(name));
      await Promise.all(
        names.map(async (name) => {
          const path = join(folder, name);
          const plain = await readFile(path);
          const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } };
          await writeFile(`${path}.br`, await promisify(brotliCompress)(plain, quality));
          await writeFile(`${path}.gz`, await promisify(gzip)(plain, { level: 9 }));
        }),
      );
    },
  };
}

export default defineConfig({
  base: '/console/',
  plugins: [svelte(), compressed()],
  build: {
    target: 'es2023',
    // A data: URL for a small asset would need a wider content policy.
    assetsInlineLimit: 0,
    // The chart engine is one lazy chunk of about 900 kB before compression.
    chunkSizeWarningLimit: 1200,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': server } },
});
