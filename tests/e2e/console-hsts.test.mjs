// HSTS in the web console: set in the form, and HTTPS that browsers hold to ends by force alone.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Api } from './support/api.mjs';
import { startBrowser } from './support/browser.mjs';
import { Authority } from './support/certificates.mjs';
import { Console } from './support/console.mjs';
import { Curl } from './support/curl.mjs';
import { newConfiguration, startEdge } from './support/edge.mjs';
import { servedLeaf } from './support/handshake.mjs';
import { until } from './support/wait.mjs';
import { workplace } from './support/workplace.mjs';

const NAMES = ['form.play.test', 'switch.play.test', 'unbind.play.test', 'delete.play.test'];
const [FORM, SWITCH, UNBIND, DELETE] = NAMES;
const HOLDS = /^browsers were told to ask \S+ over HTTPS alone until /;
const MEANS = /these browsers cannot reach the domain until then/;
const FORCE = 'Do it all the same';

const directory = workplace();
const running = [];
let authority;
let curl;
let api;
let edge;
let browser;

before(async () => {
  authority = await Authority.create(join(directory, 'authority'));
  curl = new Curl('HTTP/1.1', authority);
  const configuration = await newConfiguration(directory);
  api = new Api(configuration);
  await authority.issue(configuration.certificateDirectory('play'), '*.play.test');
  await authority.issue(configuration.certificateDirectory('deleted'), DELETE);
  for (const name of NAMES) {
    const certificate = name === DELETE ? 'deleted' : 'play';
    await configuration.writeDomain(name, { origins: ['demo:'], certificate });
  }
  edge = await keep(startEdge(configuration));
  browser = await keep(startBrowser(join(directory, 'home'), authority, []));
});

after(async () => {
  for (const thing of running.reverse()) await thing.stop();
});

test('HSTS is set in the form, told over TLS alone, and taken back', async () => {
  const page = await Console.enter(browser, api);
  const { dialog } = page;
  await page.press(`Edit ${FORM}`);
  const subdomains = dialog.getByLabel('For all names below it, too');
  assert.equal(await subdomains.isVisible(), false);
  await dialog.getByLabel(/^HSTS/).fill('month');
  await subdomains.check();
  await page.press('Save', dialog);
  await dialog.getByRole('alert').getByText(/"0s" to "730d"/).waitFor();
  page.expectStatus(422);
  await dialog.getByLabel(/^HSTS/).fill('720h');
  await page.assertAccessible('HSTS in the form');
  await page.press('Save', dialog);
  await page.row(FORM).getByText('HSTS on').waitFor();
  assert.equal(await told(FORM), 'max-age=2592000; includeSubDomains');
  assert.equal(await told(FORM, 'http'), undefined);
  await page.row(FORM).getByText(/^HSTS until \w+ \d+, 20\d\d$/).waitFor({ timeout: 15_000 });
  await page.press(`Edit ${FORM}`);
  await dialog.getByText(/^Browsers hold to HTTPS until .*20\d\d/).waitFor();
  assert.equal(await dialog.getByLabel(/^HSTS/).inputValue(), '30d');
  assert.ok(await subdomains.isChecked());
  await subdomains.uncheck();
  await page.press('Save', dialog);
  await until('less to be told', async () => await told(FORM) === 'max-age=2592000');
  await page.press(`Edit ${FORM}`);
  await dialog.getByLabel(/^HSTS/).fill('');
  await page.press('Save', dialog);
  await until('nothing to be told', async () => await told(FORM) === undefined);
  await page.done();
});

test('the switch says why HTTPS stays on, and switches it off by force', async () => {
  await hold(SWITCH);
  const page = await Console.enter(browser, api);
  const { dialog } = page;
  const toggle = page.row(SWITCH).getByRole('switch');
  await toggle.click();
  await dialog.getByText(HOLDS).waitFor();
  await dialog.getByText(MEANS).waitFor();
  assert.match(await dialog.locator(`[data-domain="${SWITCH}"]`).textContent(), /HTTPS → HTTP: HTTPS is off/);
  await page.assertAccessible('switching off by force');
  await page.press('Cancel', dialog);
  assert.equal(await toggle.getAttribute('aria-checked'), 'true');
  assert.notEqual(await leaf(SWITCH), null, 'nothing is done yet');
  await toggle.click();
  await page.press(FORCE, dialog);
  await until('HTTPS to be off', async () => await leaf(SWITCH) === null);
  await page.row(SWITCH).getByText('HTTP: HTTPS is off').waitFor();
  await page.done();
});

test('the form ends HTTPS that browsers hold to in a second step alone', async () => {
  await hold(UNBIND);
  const page = await Console.enter(browser, api);
  const { dialog } = page;
  const binding = dialog.getByRole('combobox', { name: 'Certificate', exact: true });
  await page.press(`Edit ${UNBIND}`);
  await binding.selectOption('unbound');
  await page.press('Save', dialog);
  await dialog.getByText(HOLDS).waitFor();
  await dialog.getByText(MEANS).waitFor();
  assert.notEqual(await leaf(UNBIND), null, 'nothing is done yet');
  await page.assertAccessible('unbinding by force');
  await page.press('Back', dialog);
  assert.equal(await binding.inputValue(), 'unbound', 'what was filled in is there');
  await page.press('Save', dialog);
  await page.press(FORCE, dialog);
  await until('HTTPS to be off', async () => await leaf(UNBIND) === null);
  await page.row(UNBIND).getByText('HTTP: no certificate').waitFor();
  page.expectStatus(409);
  await page.done();
});

test('a certificate that browsers hold to is deleted by force alone', async () => {
  await hold(DELETE);
  const page = await Console.enter(browser, api);
  const { dialog } = page;
  await page.view('Certificates');
  await page.press('Delete certificate deleted');
  await dialog.getByText(HOLDS).waitFor();
  await dialog.getByText(MEANS).waitFor();
  await dialog.getByText('1 domain loses HTTPS and goes to plain HTTP:').waitFor();
  await page.assertAccessible('deleting by force');
  assert.equal(await page.button('Delete', dialog).count(), 0);
  await page.press(FORCE, dialog);
  await until('it to be gone', async () => await page.row('deleted').count() === 0);
  assert.equal(await leaf(DELETE), null);
  page.expectStatus(409);
  await page.done();
});

/** Lets a domain tell its browsers, and one of them hear it. */
async function hold(name) {
  await api.change('PATCH', `/domains/${name}`, { hsts: { max_age: '30d' } });
  assert.equal(await told(name), 'max-age=2592000');
}

/** What a browser that asks is told. */
async function told(name, scheme = 'https') {
  const { headers } = await curl.request(edge.url(name, '/live/demo.m3u8', scheme));
  return headers['strict-transport-security'];
}

function leaf(name) {
  return authority.pem().then((ca) => servedLeaf({ port: edge.ports.https, name, ca }));
}

async function keep(starting) {
  const thing = await starting;
  running.push(thing);
  return thing;
}
