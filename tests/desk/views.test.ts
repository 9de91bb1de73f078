/** The desk in a real browser, over real archives, by mouse and keyboard as a person would: a test a view. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openCheckpoint } from '@stillframe/checkpoint';
import { needs } from '@stillframe/testkit';
import { CLEAN, COMPROMISED, type Desktop, OPEN_FILES, openDesktop, REDIS, testView } from './browser.fixture.ts';
import { VOUCHED } from './custody.fixture.ts';
import { memory } from './memory-view.ts';
import { fakeNode } from './node.fixture.ts';
import { useLiveNode } from './node-view.ts';

test('the desk in a browser', needs('chromium'), async (t) => {
  await using checkpoint = await openCheckpoint(CLEAN);
  const fake = fakeNode(checkpoint);
  const vouched = { name: 'clean.tar.zst', checkpoint, ...VOUCHED };
  await using desktop = await openDesktop([REDIS, COMPROMISED, OPEN_FILES, vouched], fake.node);
  const views: readonly (readonly [string, (desktop: Desktop) => Promise<void>])[] = [
    ['overview: what was captured, and the worst findings', overview],
    ['processes: the tree is filtered, and a click opens a page with everything of one', processes],
    ['findings: a click on the evidence opens its bytes', findings],
    ['memory is shown at any address, by mapping, by keyboard, by search', memory],
    ['files: the tree of changes with what they hold, a deleted file, and what is open', files],
    ['network: a box leaves what is joined to it, and what waits in a queue is read', network],
    ['timeline: looked at closer by mouse and keyboard, and by source', timeline],
    ['compare: what another checkpoint has more, side by side, and back', compare],
    ['custody: what holds and what does not, and a report that is saved', custody],
    [
      'live node: a container is checkpointed, its archive opened, a copy restored, its log watched, a shell in it, an image pushed',
      (at) => useLiveNode(at, fake),
    ],
  ];
  for (const [name, use] of views) await testView(t, name, desktop, () => use(desktop));
  await t.test('in the dark', async () => {
    await desktop.page.emulateMedia({ colorScheme: 'dark' });
    for (const view of [
      'overview',
      'findings',
      'processes',
      'process/1',
      'memory/1',
      'files',
      'network',
      'timeline',
      'diff/1',
      'node/log/c1',
    ]) {
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

async function network({ page, go }: Desktop): Promise<void> {
  await go('#/2/network');
  const rows = page.getByRole('table', { name: 'Sockets' }).locator('tbody tr');
  await rows.first().waitFor();
  const internet = await rows.count();
  await page.getByRole('button', { name: /^Unix \d+$/ }).click();
  await page.getByText('@corpus-abstract').first().waitFor();
  assert.ok((await rows.count()) > internet);
  // By the keyboard: a box is a link.
  await page.getByRole('link', { name: /^127\.0\.0\.1:7070 ?tcp, 1 connected$/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^Sockets of 127\.0\.0\.1:7070 / }).waitFor();
  assert.equal(await rows.count(), 3);
  await page.getByRole('link', { name: /^Read .* received$/ }).click();
  await page.getByRole('region', { name: 'Content' }).waitFor();
  await page.getByRole('link', { name: 'Show all' }).click();
  await page.getByRole('heading', { name: 'Sockets', exact: true }).waitFor();
}

async function timeline({ page, go }: Desktop): Promise<void> {
  await go('#/1/timeline');
  const rows = page.getByRole('table', { name: 'Events' }).locator('tbody tr');
  await rows.first().waitFor();
  const chart = page.getByRole('group', { name: /^Events by time/ });
  const span = page.locator('h2 [role=status]');
  const next = async (act: () => Promise<void>) => {
    const before = (await span.textContent()) ?? '';
    await act();
    await span.filter({ hasNotText: before }).waitFor();
  };
  const all = await rows.count();
  const box = await chart.boundingBox();
  assert.ok(box);
  await next(async () => {
    await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
    await page.mouse.up();
  });
  const closer = await rows.count();
  assert.ok(closer > 0 && closer < all, `${closer} of ${all}`);
  await chart.focus();
  await next(() => page.keyboard.press('-'));
  await next(() => page.keyboard.press('ArrowRight'));
  await next(() => page.getByRole('button', { name: 'All', exact: true }).click());
  assert.ok((await rows.count()) >= all);
  await page.getByRole('button', { name: /^file \d+$/ }).click();
  await rows.filter({ hasText: '/etc/passwd' }).waitFor({ state: 'detached' });
  await rows.filter({ hasText: 'all processes stand still' }).waitFor();
}

async function compare({ page, go }: Desktop): Promise<void> {
  await go('#/3/diff/1');
  const processes = page.getByRole('region', { name: 'Processes' }).locator('tbody tr');
  const miner = processes.filter({ hasText: '(xmrig)' });
  await miner.waitFor();
  assert.ok(await page.getByLabel('Two containers of one image').isChecked());
  assert.equal((await miner.locator('td').first().textContent())?.trim(), 'not there');
  await miner.locator('td').last().getByText('/var/tmp/.cache/xmrig').waitFor();
  const before = await processes.count();
  await page.getByRole('button', { name: /^\+ \d+ only in the second$/ }).click();
  await miner.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^\+ \d+ only in the second$/ }).click();
  // By the keyboard: the other way round.
  await page.getByRole('link', { name: 'Swap' }).focus();
  await page.keyboard.press('Enter');
  await miner.locator('td').last().getByText('not there').waitFor();
  assert.equal(await processes.count(), before);
  await page.getByLabel('Two containers of one image').uncheck();
  await page
    .getByRole('region', { name: 'Processes' })
    .getByRole('columnheader', { name: 'Before' })
    .waitFor({ state: 'attached' });
  await page.getByRole('button', { name: /^− \d+ gone$/ }).waitFor();
  await page.getByLabel('Two containers of one image').check();
  await page.getByLabel('Pages of memory, too').check();
  await page.getByText('Comparing page by page…').waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'Not compared' }).waitFor();
}

async function custody({ page, go }: Desktop): Promise<void> {
  await go('#/3/custody');
  await page.getByText('This is not what was captured, or nobody knows that it is').waitFor();
  const checks = page.getByRole('table', { name: 'Checks' });
  assert.equal(
    await checks
      .locator('tr', { hasText: /^archive/ })
      .locator('strong')
      .textContent(),
    'does not hold',
  );
  await page.getByRole('table', { name: 'Chain of custody' }).getByText('ada on laptop').waitFor();
  const saving = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Save Report' }).focus();
  await page.keyboard.press('Enter');
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), 'clean.report.html');
  assert.match(await readFile(await saved.path(), 'utf8'), /^<!DOCTYPE html>/);
  await go('#/0/custody');
  await page.getByText('No evidence of the capture lies beside the archive').waitFor();
}
