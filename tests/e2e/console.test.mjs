// The web console, in Chromium: what an operator does with it, and what a viewer cannot.

import assert from 'node:assert/strict';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Api } from './support/api.mjs';
import { startBrowser } from './support/browser.mjs';
import { Authority, fingerprint } from './support/certificates.mjs';
import { Console } from './support/console.mjs';
import { newConfiguration, startEdge } from './support/edge.mjs';
import { servedLeaf } from './support/handshake.mjs';
import { run } from './support/process.mjs';
import { until } from './support/wait.mjs';
import { workplace } from './support/workplace.mjs';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const LARGEST_SCREENSHOT = 80_000;
// A name for each, so that one is not in the way of another.
const MATCHING = ['a.play.test', 'b.play.test', 'c.play.test', 'off.play.test'];
const OTHER = 'other.example.test';

const directory = workplace();
const running = [];
const pairs = {};
let authority;
let configuration;
let api;
let edge;
let browser;

before(async () => {
  authority = await Authority.create(join(directory, 'authority'));
  for (const name of ['first', 'second']) pairs[name] = await authority.issue(join(directory, name), '*.play.test');
  configuration = await newConfiguration(directory);
  api = new Api(configuration);
  // A directory that is suddenly empty counts as lost, so the last certificate would stay.
  await authority.issueFor(10, configuration.certificateDirectory('spare'), 'spare.test');
  for (const name of [...MATCHING, OTHER]) {
    await configuration.writeDomain(name, { origins: ['demo:'], https: !name.startsWith('off.'), remarks: `stream ${name[0]}` });
  }
  edge = await keep(startEdge(configuration));
  browser = await keep(startBrowser(join(directory, 'home'), authority, []));
});

after(async () => {
  for (const thing of running.reverse()) await thing.stop();
});

test('a link logs in, and no token stays in the address', async () => {
  const page = await browser.open(await api.link('operator'));
  await page.getByRole('heading', { name: 'Domains', level: 2 }).waitFor();
  assert.equal(page.url(), `http://127.0.0.1:${edge.ports.admin}/`);
  assert.equal(await page.evaluate(() => history.length), 2, 'about:blank and the console');
  await until('five domains', async () => await page.locator('tbody tr').count() === 5);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Token').fill('no token, and long enough to be one');
  await page.getByRole('button', { name: 'Log in' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('the request shows a token that is not valid').waitFor();
  await alert.getByText('`lockgate token` prints the token').waitFor();
  page.complaints = page.complaints.filter((it) => !it.includes('401'));
  await done(page);
});

test('a bad key is explained in words, before anything is done', async () => {
  const page = await enter();
  const { key } = await texts('second');
  const { chain } = await texts('first');
  await page.newCertificate('play', { chain, key });
  await page.press('Next: domains', page.dialog);
  const alert = page.dialog.getByRole('alert');
  await alert.waitFor();
  const text = await alert.textContent();
  assert.match(text, /What to do:/);
  assert.match(text, /copy the chain and the key of the same issue/);
  assert.doesNotMatch(text, /[{}]|PRIVATE/);
  assert.deepEqual(await certificates(), ['spare']);
  await page.page.keyboard.press('Escape');
  await until('the dialog to be gone', async () => await page.dialog.count() === 0);
  page.page.complaints = page.page.complaints.filter((it) => !it.includes('422'));
  await done(page.page);
});

test('a pasted certificate is configured for the domains that it is valid for', async () => {
  const page = await enter();
  await page.newCertificate('play', await texts('first'));
  await page.press('Next: domains', page.dialog);
  await page.dialog.getByRole('heading', { name: /step 2/ }).waitFor();
  const mismatched = page.dialog.getByRole('checkbox', { name: OTHER });
  assert.ok(await mismatched.isDisabled());
  await page.dialog.getByText('Mismatched:').waitFor();
  const facts = page.dialog.locator('.facts');
  assert.match(await facts.textContent(), /^Valid for\*\.play\.test.*19 days left/);
  await facts.getByRole('img', { name: `SHA-256 fingerprint ${await hex(pairs.first)}` }).waitFor();
  assert.ok(await page.dialog.getByLabel('Enable HTTPS').isChecked(), 'on by default');
  for (const name of MATCHING.slice(0, 3)) await page.dialog.getByRole('checkbox', { name }).check();
  await screenshot(page.page, 'console-configure.png', 760, 600);
  await page.assertAccessible('configuring, step 2');
  await page.press('Bind', page.dialog);
  const bound = Object.fromEntries(MATCHING.slice(0, 3).map((name) => [name, 'bound']));
  assert.deepEqual(await page.results(), bound);
  await page.press('Close', page.dialog);
  for (const name of MATCHING.slice(0, 3)) assert.equal(await leaf(name), await fingerprint(pairs.first));
  assert.equal(await leaf(OTHER), null);
  await done(page.page);
});

test('with the switch off, HTTPS of a domain stays off', async () => {
  const page = await enter();
  await page.press('Configure certificate');
  await page.dialog.getByRole('listbox', { name: 'Certificate' }).locator('option').first().waitFor({ state: 'attached' });
  await page.press('Next: domains', page.dialog);
  await page.dialog.getByLabel('Enable HTTPS').uncheck();
  await page.dialog.getByRole('checkbox', { name: 'off.play.test' }).check();
  await page.press('Bind', page.dialog);
  assert.deepEqual(await page.results(), { 'off.play.test': 'bound' });
  await page.press('Close', page.dialog);
  await page.row('off.play.test').getByText('HTTP: HTTPS is off').waitFor();
  assert.equal(await leaf('off.play.test'), null);
  await page.row('off.play.test').getByRole('switch').click();
  await until('HTTPS to be on', async () => await leaf('off.play.test') !== null);
  await done(page.page);
});

test('lists are searched, filtered and followed as they change', async () => {
  const page = await enter();
  const shown = (count) => until(`${count} rows`, async () => await page.page.locator('tbody tr').count() === count);
  await page.page.getByLabel('Search domains by name').fill('OTHER');
  await shown(1);
  await page.page.getByLabel('Search domains by name').fill('');
  await page.page.getByLabel('State').selectOption('serving');
  await shown(4);
  await page.page.getByLabel('State').selectOption('');
  await shown(5);
  await screenshot(page.page, 'console-domains.png', 1040, 500);
  await page.assertAccessible('domains');
  await page.view('Certificates');
  await page.row('play').getByText(/19 days left/).waitFor();
  const order = () => page.page.locator('tbody .name').allTextContents();
  assert.deepEqual(await order(), ['play', 'spare']);
  await page.page.getByLabel('Order').selectOption('expiry');
  await until('the order to be another', async () => (await order()).join() === 'spare,play');
  await page.assertAccessible('certificates');
  await done(page.page);
});

test('viewers are counted as they come', async () => {
  const page = await enter();
  const row = page.row('b.play.test');
  await row.getByRole('switch').focus();
  const player = run('curl', 'curl', ['--silent', '--max-time', '15', '--output', '/dev/null',
    '--cacert', authority.certificate, '--connect-to', '::127.0.0.1:', edge.url('b.play.test', '/live/demo.flv')]);
  await until('a viewer', async () => await row.locator('.live').textContent() === '1', { within: 15_000 });
  assert.equal(await page.page.evaluate(() => document.activeElement.getAttribute('role')), 'switch');
  await row.getByRole('switch').click();
  await page.dialog.getByText('1 viewer over HTTPS has to leave.').waitFor();
  await page.press('Cancel', page.dialog);
  assert.equal(await row.getByRole('switch').getAttribute('aria-checked'), 'true');
  await player;
  await done(page.page);
});

test('a certificate is updated', async () => {
  const page = await enter();
  await page.view('Certificates');
  await page.press('Update certificate play');
  await page.paste(await texts('second'));
  await page.press('Update', page.dialog);
  await page.dialog.getByRole('heading', { name: 'play is updated' }).waitFor();
  await page.assertAccessible('updated');
  await page.press('Close', page.dialog);
  assert.equal(await leaf('a.play.test'), await fingerprint(pairs.second));
  await done(page.page);
});

test('remarks about a certificate are changed, and nothing else', async () => {
  const page = await enter();
  await page.view('Certificates');
  await page.press('Update certificate play');
  await page.dialog.getByLabel('Remarks').waitFor();
  await page.press('Update', page.dialog);
  await page.dialog.getByRole('alert').getByText(/^Nothing is changed yet/).waitFor();
  await page.dialog.getByLabel('Remarks').fill('until <May>');
  await page.assertAccessible('updating');
  await page.press('Update', page.dialog);
  await page.row('play').getByText('until <May>').waitFor();
  assert.equal(await leaf('a.play.test'), await fingerprint(pairs.second));
  await done(page.page);
});

test('a file that is too large is refused in words', async () => {
  const page = await enter();
  await page.press('Configure certificate');
  await page.dialog.getByLabel('A new certificate').check();
  const file = page.dialog.getByLabel('Chain from a file').first();
  await file.setInputFiles({ name: 'film.pem', mimeType: 'text/plain', buffer: Buffer.alloc((1 << 20) + 1) });
  await page.dialog.getByRole('alert').getByText(/^film\.pem is larger than 1 MiB/).waitFor();
  assert.equal(await file.getAttribute('aria-invalid'), 'true');
  await page.assertAccessible('a file that is too large');
  await file.setInputFiles(pairs.first.chain);
  const chain = () => page.dialog.getByLabel('Certificate chain (PEM)').first().inputValue();
  await until('the chain', async () => (await chain()).startsWith('-----BEGIN'));
  assert.equal(await page.dialog.getByText(/is larger than 1 MiB/).count(), 0);
  await page.press('Cancel', page.dialog);
  await done(page.page);
});

test('a certificate goes back to an earlier version, and forth again', async () => {
  const page = await enter();
  await page.view('Certificates');
  await page.press('History of play');
  await page.dialog.getByRole('listitem').nth(1).waitFor();
  await page.assertAccessible('history');
  await page.dialog.getByRole('button', { name: /^Roll back to / }).click();
  await page.press('Roll back', page.dialog);
  await page.dialog.getByText('rolled back to', { exact: true }).waitFor();
  assert.equal(await leaf('a.play.test'), await fingerprint(pairs.first));
  await page.press('End the rollback', page.dialog);
  await page.dialog.getByText('rolled back to', { exact: true }).waitFor({ state: 'detached' });
  assert.equal(await leaf('a.play.test'), await fingerprint(pairs.second));
  await page.press('Close', page.dialog);
  await done(page.page);
});

test('the audit log says who changed what', async () => {
  const page = await enter();
  await page.view('Audit log');
  const change = page.page.getByRole('listitem').filter({ hasText: 'roll_back' }).first();
  await change.getByText('published').waitFor();
  assert.match(await change.textContent(), /API · roll_back · play · operator/);
  await page.page.getByLabel('Search changes').fill('no such change');
  await page.page.getByText('None found').waitFor();
  await page.assertAccessible('audit');
  await done(page.page);
});

test('the audit log is followed, and nothing moves under who reads it', async () => {
  const page = await enter();
  await page.page.setViewportSize({ width: 900, height: 260 });
  await page.view('Audit log');
  const items = page.page.getByRole('listitem');
  await items.first().waitFor();
  const count = await items.count();
  await page.page.getByLabel('Search changes').focus();
  await api.change('PATCH', '/domains/c.play.test', { remarks: 'one' });
  await until('the change', async () => await items.count() === count + 1, { within: 15_000 });
  assert.match(await items.first().textContent(), /set_domain · c\.play\.test/);
  await items.last().scrollIntoViewIfNeeded();
  const place = await items.last().boundingBox();
  await api.change('PATCH', '/domains/c.play.test', { remarks: 'stream c' });
  await until('another', async () => await items.count() === count + 2, { within: 15_000 });
  assert.ok(Math.abs((await items.last().boundingBox()).y - place.y) <= 1, 'it stays where it was');
  assert.equal(await page.page.evaluate(() => document.activeElement.type), 'search');
  await done(page.page);
});

test('a domain is added, edited and removed', async () => {
  const page = await enter();
  await page.press('Add domain');
  await page.dialog.getByLabel('Name', { exact: true }).fill('new.play.test');
  await page.dialog.getByLabel('Origins').fill('demo:');
  await page.assertAccessible('adding');
  await page.press('Add domain', page.dialog);
  await page.press('Edit new.play.test');
  await page.dialog.getByLabel('Remarks').fill('a <b>new</b> one');
  await page.dialog.getByRole('combobox', { name: 'Certificate', exact: true }).selectOption('auto');
  await page.press('Save', page.dialog);
  await page.row('new.play.test').getByText('a <b>new</b> one').waitFor();
  assert.equal(await leaf('new.play.test'), await fingerprint(pairs.second));
  await page.press('Remove new.play.test');
  await page.press('Remove', page.dialog);
  await until('it to be gone', async () => await page.row('new.play.test').count() === 0);
  await done(page.page);
});

test('a narrow window shows all of it, and all is said to who does not see it', async () => {
  const page = await enter();
  await page.page.setViewportSize({ width: 360, height: 740 });
  await page.row('a.play.test').waitFor();
  await page.assertFits();
  await page.assertAccessible('domains, 360 px');
  await page.view('Certificates');
  await page.row('play').waitFor();
  await page.assertFits();
  await page.assertAccessible('certificates, 360 px');
  await page.press('Configure certificate');
  await page.assertFits();
  await page.assertAccessible('configuring, 360 px');
  await page.press('Cancel', page.dialog);
  await done(page.page);
});

test('Chinese is spoken where the browser does', async () => {
  const page = await browser.open(await api.link('operator'), { locale: 'zh-CN' });
  await page.getByRole('heading', { name: '播放域名', level: 2 }).waitFor();
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  await page.getByRole('button', { name: '配置证书' }).waitFor();
  await done(page);
});

test('what is wrong and what to do is said in Chinese, with the details of the API', async () => {
  const broken = configuration.certificateDirectory('broken');
  await authority.issue(broken, 'broken.test');
  await rm(join(broken, 'privkey.pem'));
  const page = await browser.open(await api.link('operator'), { locale: 'zh-CN' });
  await page.getByText(/^1 个问题/).click({ timeout: 15_000 });
  const problem = page.getByRole('listitem').filter({ hasText: '有证书链，缺少私钥' });
  assert.match(await problem.textContent(), /^已拒绝： 有证书链，缺少私钥：in .*broken.*处理办法： 请把私钥放到证书链旁边/);
  assert.match(await problem.locator('[lang=en]').textContent(), /no private key beside/);
  await page.getByRole('button', { name: '退出' }).click();
  await page.getByLabel('令牌').fill('no token, and long enough to be one');
  await page.getByRole('button', { name: '登录' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('令牌无效').waitFor();
  assert.doesNotMatch(await alert.textContent(), /the request/);
  page.complaints = page.complaints.filter((it) => !it.includes('401'));
  await rm(broken, { recursive: true });
  await done(page);
});

test('who has a token of a viewer looks, and changes nothing', async () => {
  const page = await browser.open(await api.link('viewer'));
  const viewer = new Console(page);
  await viewer.row('a.play.test').waitFor();
  await page.getByText('Viewer: you may look').waitFor();
  assert.deepEqual(await page.getByRole('switch').count(), 0);
  const buttons = await page.getByRole('button').allTextContents();
  assert.deepEqual(buttons, ['Log out', 'Previous page', 'Next page']);
  const status = await page.evaluate(async () => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('lockgate-token')}` };
    return (await fetch('/api/v1/certificates/play', { method: 'DELETE', headers })).status;
  });
  assert.equal(status, 403);
  await viewer.assertAccessible('a viewer');
  page.complaints = page.complaints.filter((it) => !it.includes('403'));
  await done(page);
});

test('deleting names the domains that lose HTTPS, and they go to plain HTTP', async () => {
  const page = await enter();
  await page.view('Certificates');
  await page.press('Delete certificate play');
  await page.dialog.getByText('4 domains lose HTTPS and go to plain HTTP:').waitFor();
  for (const name of MATCHING) await page.dialog.getByText(name, { exact: true }).waitFor();
  assert.notEqual(await leaf('a.play.test'), null, 'nothing is done yet');
  await page.press('Delete', page.dialog);
  await until('it to be gone', async () => await page.row('play').count() === 0);
  assert.equal(await leaf('a.play.test'), null);
  const { stdout } = await run('curl', 'curl', ['--silent', '--include', '--max-time', '5',
    '--connect-to', '::127.0.0.1:', edge.url('a.play.test', '/live/demo.m3u8', 'http')]);
  assert.match(stdout.toString(), /^HTTP\/1.1 200 /);
  await done(page.page);
});

function enter() {
  return Console.enter(browser, api);
}

function done(page) {
  return new Console(page).done();
}

function leaf(name) {
  return authority.pem().then((ca) => servedLeaf({ port: edge.ports.https, name, ca }));
}

async function texts(name) {
  const { chain, key } = pairs[name];
  return { chain: await readFile(chain, 'utf8'), key: await readFile(key, 'utf8') };
}

async function certificates() {
  return (await api.get('/certificates')).items.map(({ name }) => name);
}

/** A fingerprint as the API writes it. */
async function hex(pair) {
  return (await fingerprint(pair)).replaceAll(':', '').toLowerCase();
}

async function screenshot(page, name, width, height) {
  if (process.env.LOCKGATE_SCREENSHOTS !== '1') return;
  await page.setViewportSize({ width, height });
  const file = join(DOCS, name);
  await page.screenshot({ path: file });
  assert.ok((await stat(file)).size < LARGEST_SCREENSHOT, `${name} is too large`);
}

async function keep(starting) {
  const thing = await starting;
  running.push(thing);
  return thing;
}
