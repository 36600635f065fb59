import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { precompress } from './dev/precompress.mjs';

// A running server (or dev/mock.mjs) to develop against.
const server = process.env.TARN_URL ?? 'http://127.0.0.1:8090';

export default defineConfig({
  plugins: [react(), precompress()],
  // Fonts stay files of their own: the page's policy allows no data: fonts.
  build: { target: 'es2022', assetsInlineLimit: 0, sourcemap: false },
  server: { host: '127.0.0.1', proxy: { '/api': { target: server, changeOrigin: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'], css: true },
});
