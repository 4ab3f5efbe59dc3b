import { defineConfig } from '@playwright/test';

// One browser at a time: the machine has few cores, and each test computes.
export default defineConfig({
  // Firefox is driven by our own client, for Playwright drives only its own build of it.
  projects: [{ name: 'chromium', testDir: '.' }, { name: 'firefox', testDir: '../firefox' }],
  outputDir: './.out/playwright',
  globalSetup: './fixtures.ts',
  workers: 1,
  fullyParallel: false,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 800 },
    acceptDownloads: true,
    // Tests of the network see the network; offline.spec.ts allows the service worker.
    serviceWorkers: 'block',
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      // WebGPU without a graphics card (SwiftShader); the rest keeps the browser from calling home.
      args: [
        '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
        '--disable-sync', '--enable-unsafe-webgpu',
      ],
    },
  },
});
