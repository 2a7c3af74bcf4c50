// Debian's Chromium without a window, trusting the tests' own authority.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { run } from './process.mjs';
import { until } from './wait.mjs';

const PROGRAM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
  '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-proxy-server', '--disable-quic',
  '--autoplay-policy=no-user-gesture-required',
  // A page that nobody looks at must keep its timers as they are.
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

/**
 * `home` is a directory for its settings, `authority` what it trusts, and
 * `names` are the names to be found on loopback.
 */
export async function startBrowser(home, authority, names) {
  await trust(home, authority);
  const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(', ');
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    args: [...FLAGS, `--host-resolver-rules=${rules}`],
    // Its own choice is a headless shell that Debian does not have.
    headless: true,
    timeout: 60_000,
    env: { ...process.env, HOME: home, XDG_DATA_HOME: '', XDG_CONFIG_HOME: '' },
  });
  return new Browser(browser);
}

class Browser {
  #browser;

  constructor(browser) {
    this.#browser = browser;
  }

  /** Opens a page and keeps what goes wrong in it; `options` are those of its context. */
  async open(url, options = {}) {
    const page = await this.#browser.newPage(options);
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') page.complaints.push(message.text());
    });
    await page.goto(url, { timeout: 20_000 });
    return page;
  }

  async stop() {
    await this.#browser.close();
  }
}

/** Waits until every video of the page has played for `seconds`. */
export async function played(page, seconds, { within = 30_000 } = {}) {
  let last = { moment: performance.now(), positions: await positions(page) };
  const total = last.positions.map(() => 0);
  try {
    await until(`${seconds} s of play`, async () => {
      const now = { moment: performance.now(), positions: await positions(page) };
      total.forEach((_, i) => { total[i] += progress(last, now, i); });
      last = now;
      return total.length > 0 && total.every((sum) => sum >= seconds);
    }, { within, every: 100 });
  } catch (error) {
    throw new Error(`${error.message}; played ${total}; the page complains: ${page.complaints}`, { cause: error });
  }
}

// A player that seeks to the live edge jumps: only what time allows is play.
function progress(last, now, i) {
  const step = now.positions[i] - last.positions[i];
  return Math.min(Math.max(step, 0), (now.moment - last.moment) / 1_000);
}

function positions(page) {
  return page.$$eval('video', (videos) => videos.map((video) => video.currentTime));
}

// Chromium reads the user's NSS database, by its older or its newer place.
async function trust(home, authority) {
  for (const place of ['.pki/nssdb', '.local/share/pki/nssdb']) {
    const directory = join(home, place);
    await mkdir(directory, { recursive: true });
    await certutil('-N', '-d', `sql:${directory}`, '--empty-password');
    await certutil('-A', '-d', `sql:${directory}`, '-n', 'tests', '-t', 'C,,', '-i', authority.certificate);
  }
}

async function certutil(...args) {
  const { code, stderr } = await run('certutil', 'certutil', args);
  if (code !== 0) throw new Error(`certutil failed: ${stderr}`);
}
