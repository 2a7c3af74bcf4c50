// The web console as somebody uses it: by the names of what is on the page.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export class Console {
  constructor(page) {
    this.page = page;
  }

  /** A page of somebody who has logged in as an operator. */
  static async enter(browser, api, options = {}) {
    return new Console(await browser.open(await api.link('operator'), options));
  }

  /** Whatever the page's policy forbids is an error of the console, too. */
  async done() {
    assert.deepEqual(this.page.complaints, []);
    await this.page.close();
  }

  /** The browser complains of any answer that is a fault; this one was asked for. */
  expectStatus(status) {
    this.page.complaints = this.page.complaints.filter((it) => !it.includes(status));
  }

  button(name, within = this.page) {
    return within.getByRole('button', { name, exact: true });
  }

  get dialog() {
    return this.page.getByRole('dialog');
  }

  /** The row of a list. */
  row(name) {
    return this.page.locator('tbody tr').filter({ has: this.page.locator('.name').getByText(name, { exact: true }) });
  }

  async press(name, within) {
    await this.button(name, within).click();
  }

  async view(name) {
    await this.page.getByRole('navigation').getByRole('link', { name }).click();
    await this.page.getByRole('heading', { name, level: 2 }).waitFor();
  }

  /** Pastes a chain and a key into the first pair of a dialog. */
  async paste({ chain, key }) {
    await this.dialog.getByLabel('Certificate chain (PEM)').first().fill(chain);
    await this.dialog.getByLabel('Private key (PEM)').first().fill(key);
  }

  /** Step one of configuring, with a new certificate. */
  async newCertificate(name, pair) {
    await this.press('Configure certificate');
    await this.dialog.getByLabel('A new certificate').check();
    await this.dialog.getByLabel('Name of the certificate').fill(name);
    await this.paste(pair);
  }

  /** The results of a dialog: `{ domain: result }`. */
  async results() {
    await this.dialog.locator('.summary').waitFor();
    const rows = await this.dialog.locator('[data-domain]').all();
    const results = await Promise.all(rows.map(async (row) =>
      [await row.getAttribute('data-domain'), await row.locator('.result').textContent()]));
    return Object.fromEntries(results);
  }

  /** What axe-core finds that is serious or worse, in words. */
  async violations() {
    // The page's own policy lets no script in; a debugger's evaluation is none of the page's.
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run());
    return violations
      .filter(({ impact }) => ['serious', 'critical'].includes(impact))
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
  }

  async assertAccessible(when) {
    for (const colorScheme of ['light', 'dark']) {
      await this.page.emulateMedia({ colorScheme });
      assert.deepEqual(await this.violations(), [], `${when}, ${colorScheme}`);
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  /** Nothing is wider than the window. */
  async assertFits() {
    const [content, room] = await this.page.evaluate(() =>
      [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(content <= room, `${content} px in a window of ${room} px`);
  }
}
