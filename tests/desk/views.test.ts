/** The desk in a real browser, over real archives, by mouse and keyboard as a person would: a test a view. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { needs } from '@stillframe/testkit';
import { COMPROMISED, type Desktop, openDesktop, REDIS, testView } from './browser.fixture.ts';

test('the desk in a browser', needs('chromium'), async (t) => {
  await using desktop = await openDesktop([REDIS, COMPROMISED]);
  const views: readonly (readonly [string, (desktop: Desktop) => Promise<void>])[] = [
    ['overview: what was captured, and the worst findings', overview],
    ['processes: the tree is filtered, and a click opens a page with everything of one', processes],
    ['findings: a click on the evidence opens its bytes', findings],
    ['memory is shown at any address, by mapping, by keyboard, by search', memory],
    ['files: the tree of changes with what they hold, a deleted file, and what is open', files],
  ];
  for (const [name, use] of views) await testView(t, name, desktop, () => use(desktop));
  await t.test('in the dark', async () => {
    await desktop.page.emulateMedia({ colorScheme: 'dark' });
    for (const view of ['overview', 'findings', 'processes', 'process/1', 'memory/1', 'files']) {
      await desktop.go(`#/0/${view}`);
      await desktop.page.locator('.there').first().waitFor();
      assert.deepEqual(await desktop.axe(), [], view);
    }
    assert.deepEqual(desktop.faults(), []);
  });
});

async function overview({ page }: Desktop): Promise<void> {
  assert.equal(new URL(page.url()).hash, '', 'the token does not stay in the address');
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'redis');
  assert.match((await page.locator('.tiles').textContent()) ?? '', /5\s*processes/);
  await page.getByLabel('Checkpoint').selectOption('compromised.tar.zst');
  await page.getByRole('heading', { name: 'Findings' }).waitFor();
  await page.locator('.worst .badge.critical').first().waitFor();
  await page.getByRole('link', { name: /^All \d+ findings$/ }).waitFor();
}

async function processes({ page, go }: Desktop): Promise<void> {
  await go('#/0/overview');
  await page.getByRole('navigation').getByRole('link', { name: 'Processes' }).click();
  const rows = page.getByRole('table', { name: 'Process tree' }).locator('tbody tr');
  await rows.first().waitFor();
  assert.equal(await rows.count(), 5);
  await page.getByLabel('Filter').fill('redis-server');
  await page.getByText(/ of 5 processes$/).waitFor();
  await rows.getByRole('link', { name: 'redis-server' }).first().click();
  await page.getByRole('heading', { level: 1, name: /^redis-server \(\d+\)$/ }).waitFor();
  await page.getByRole('table', { name: 'Open files' }).getByText('inet-socket').first().waitFor();
  await page.getByRole('button', { name: 'Show secrets' }).click();
  await page.getByRole('button', { name: 'Hide secrets' }).waitFor();
  await page
    .getByRole('table', { name: 'Environment' })
    .getByText(/^PATH=/)
    .waitFor();
  await page
    .getByRole('link', { name: 'bash' })
    .or(page.getByRole('link', { name: '1', exact: true }))
    .first()
    .click();
  await page.getByRole('heading', { level: 1, name: 'bash (1)' }).waitFor();
}

async function findings({ page, go }: Desktop): Promise<void> {
  await go('#/1/findings');
  await page.locator('details.finding').first().waitFor();
  await page.getByText(/^\d+ findings by \d+ rules$/).waitFor();
  const before = await page.locator('details.finding').count();
  await page.getByRole('button', { name: /^critical / }).click();
  assert.ok((await page.locator('details.finding').count()) < before);
  await page.getByRole('button', { name: /^critical / }).click();
  const place = page.locator('.places a[href*="/memory/"]').first();
  const block = page.locator('details.finding', { has: page.locator('.places a[href*="/memory/"]') }).first();
  // By the keyboard: a finding is opened as any summary is.
  await block.locator('summary').focus();
  await page.keyboard.press('Enter');
  await place.click();
  await page.locator('.hex-row').first().waitFor();
  assert.match(page.url(), /#\/1\/memory\/\d+\/0x[0-9a-f]+/);
}

async function memory({ page, go }: Desktop): Promise<void> {
  await go('#/0/memory/1');
  await page.getByRole('button', { name: / heap/ }).first().click();
  await page
    .getByRole('status')
    .filter({ hasText: / heap, / })
    .waitFor();
  const bytes = page.getByRole('region', { name: /^Bytes/ });
  await bytes.locator('.text, .zero').first().waitFor();
  const top = async () => (await bytes.locator('.at').first().textContent()) ?? '';
  const first = await top();
  await bytes.focus();
  await page.keyboard.press('PageDown');
  await page.waitForFunction(`document.querySelector('.hex-row .at').textContent !== ${JSON.stringify(first)}`);
  assert.equal(Number.parseInt(await top(), 16) - Number.parseInt(first, 16), 512);
  await page.keyboard.press('Home');
  await page.waitForFunction(`document.querySelector('.hex-row .at').textContent === ${JSON.stringify(first)}`);
  await page.getByLabel('Address').fill('0xffffffffff600000');
  await page.getByRole('button', { name: 'Go', exact: true }).click();
  await page.locator('.hex-row .at', { hasText: 'ffffffffff600000' }).waitFor();
  await page.locator('.hex-row .absent').first().waitFor();
  await page.getByLabel('Find in memory').fill('4111111111111111');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.locator('.matches mark').first().waitFor();
  await page.getByText(/^\d+ matches$/).waitFor();
  await page.locator('.matches a').first().click();
  const marked = page.locator('.hex-row .characters .marked');
  await marked.first().waitFor();
  assert.equal((await marked.allTextContents()).join(''), '4111111111111111');
}

async function files({ page, go }: Desktop): Promise<void> {
  await go('#/1/files');
  const tree = page.getByRole('region', { name: 'Changed paths' });
  await page.getByLabel('Filter paths').fill('cron');
  await tree.getByRole('button', { name: /^login/ }).waitFor({ state: 'detached' });
  await tree.getByRole('button', { name: /^cron/ }).waitFor();
  const file = tree.locator('.tree-row', { has: page.locator('.file') }).first();
  // By the keyboard: down from the folder to the file in it.
  await tree.locator('.tree-row').first().focus();
  for (let at = 0; at < 20 && !(await file.evaluate('(one) => one === document.activeElement')); at += 1)
    await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Content' }).waitFor();
  const saving = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Save' }).click();
  const saved = await saving;
  assert.match(saved.suggestedFilename(), /^[\w.-]+\.bin$/);
  assert.ok((await readFile(await saved.path())).length);
  await page.getByRole('link', { name: 'Show', exact: true }).first().click();
  await page.getByText('shown below').waitFor();
  await page.getByLabel('Filter open files').fill('deleted');
  const rows = page.getByRole('table', { name: 'Open files' }).locator('tbody tr');
  await rows
    .filter({ hasText: /deleted|memory only/ })
    .first()
    .waitFor();
}
