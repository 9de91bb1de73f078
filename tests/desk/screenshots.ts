/**
 * A program: makes the pictures of every view of the desk, in the light and in the dark: over the fixture of a compromised container, and over a
 * node of a lab, of which one container was checkpointed, a copy restored and an image pushed. Nothing in them is made up.
 * `npx node tests/desk/screenshots.ts [WORD…]`: into docs/desk; with words only views whose name holds one.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startUi } from '../lab/desk-command.ts';
import { openLab } from '../lab/lab.ts';
import { waitForLine } from '../lab/log-lines.ts';
import { browseDesk, CLEAN, COMPROMISED } from './browser.fixture.ts';

const RULES = `rule miner {
  meta:
    description = "speaks to a mining pool"
  strings:
    $pool = "stratum+tcp://"
    $algorithm = "rx/0" fullword
  condition:
    $pool or $algorithm
}`;
const OUT = join(import.meta.dirname, '../../docs/desk');

interface Shot {
  readonly name: string;
  readonly place: string;
  /** Which checkpoint; the first one by default. The third was taken at the node, with its evidence. */
  readonly one?: number;
  /** What a person would do before it looks as it ought to; by default it is waited for what the view reads. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const SHOTS: readonly Shot[] = [
  { name: 'overview', place: 'overview', prepare: (page) => page.locator('.worst li').nth(4).waitFor() },
  {
    name: 'findings',
    place: 'findings',
    prepare: async (page) => {
      await page.getByText(/^\d+ findings by \d+ rules$/).waitFor();
      await page.locator('details.finding summary').first().click();
    },
  },
  { name: 'processes', place: 'processes', prepare: (page) => page.locator('tbody .badge').first().waitFor() },
  { name: 'process', place: 'process/29', prepare: (page) => page.getByText(/^PATH=/).waitFor() },
  {
    name: 'memory',
    place: 'memory/41/0x5587e97e82b0/115',
    prepare: async (page) => {
      await page.locator('.hex-row .marked').first().waitFor();
      await page.locator('.texts li').first().waitFor();
    },
  },
  {
    name: 'search',
    place: 'memory/41',
    prepare: async (page) => {
      await page.getByLabel('Find in memory').fill('stratum+tcp');
      await page.getByRole('button', { name: 'Search' }).click();
      await page.getByText(/^\d+ matches$/).waitFor();
      await page.locator('.results').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'yara',
    place: 'memory/41',
    prepare: async (page) => {
      await page.getByRole('search').getByRole('combobox').selectOption('YARA rules');
      await page.getByRole('textbox', { name: 'YARA rules' }).fill(RULES);
      await page.getByRole('button', { name: 'Search' }).click();
      await page.getByText(/^\d+ match(es)?$/).waitFor();
      await page.locator('.results').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'files',
    place: 'files/path/%2Fetc%2Fcron.d%2Fsync',
    prepare: (page) => page.getByRole('region', { name: 'Content' }).waitFor(),
  },
  { name: 'network', place: 'network', prepare: (page) => page.locator('.network-picture .box').first().waitFor() },
  { name: 'timeline', place: 'timeline', prepare: (page) => page.locator('.chart-picture .lane').first().waitFor() },
  { name: 'compare', place: 'diff/1', prepare: (page) => page.locator('table.diff').first().waitFor() },
  {
    name: 'custody',
    one: 2,
    place: 'custody',
    prepare: (page) => page.getByRole('table', { name: 'Chain of custody' }).waitFor(),
  },
  { name: 'node', place: 'node', prepare: showNode },
  { name: 'terminal', place: 'node', prepare: showTerminal },
];

const words = process.argv.slice(2);
await mkdir(OUT, { recursive: true });
await using lab = await openLab('/var/tmp');
const log = await lab.run('shop/web/app', 'i=0; while :; do i=$((i+1)); echo "GET /cart/$i 200"; sleep 0.5; done');
await lab.run('shop/web/metrics', 'echo listening; exec sleep 1000000');
await lab.run('shop/mail/queue', 'echo nothing to send; exec sleep 1000000');
await waitForLine(log, 'GET /cart/3 200', 60);
const { body } = await lab.curl('/checkpoint/shop/web/app');
const { items } = JSON.parse(body) as { items: [string] };
const { evidenceKey } = await lab.stillframe.json<{ evidenceKey: { file: string } }>(['node', 'status']);
const place = ['--root', join(lab.folder, 'root'), '--state', join(lab.folder, 'state')];
await using ui = await startUi([COMPROMISED, CLEAN, items[0], '--key', evidenceKey.file, ...place]);
await using desktop = await browseDesk(ui.address.href);
const { page } = desktop;
for (const { name, one = 0, place, prepare } of SHOTS.filter((shot) =>
  words.every((word) => shot.name.includes(word)),
)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // From elsewhere, so that the view begins anew.
    await desktop.go('#/1/overview');
    await page.locator('.tiles').waitFor();
    await desktop.go(`#/${one}/${place}`);
    await page.locator('.there').first().waitFor();
    await prepare?.(page);
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(OUT, `${name}-${colorScheme}.png`), animations: 'disabled' });
    process.stdout.write(`docs/desk/${name}-${colorScheme}.png\n`);
  }
}

/** One container checkpointed, an image of that pushed, a copy restored, whose log is looked at; once for all pictures. */
async function showNode(page: Page): Promise<void> {
  const jobs = page.locator('.jobs > li');
  await page.getByRole('table', { name: 'Containers' }).waitFor();
  if ((await jobs.count()) === 0) {
    await page.getByRole('button', { name: 'Checkpoint shop/web/app' }).click();
    await page.getByRole('button', { name: 'Checkpoint it' }).click();
    await page.getByRole('link', { name: 'Open it' }).waitFor();
    await page.getByLabel('Push to').fill(`${lab.registry}/evidence/web:1`);
    await page.getByRole('button', { name: 'Build and push…' }).click();
    await page.getByRole('button', { name: 'Push it' }).click();
    await jobs.first().getByText('is what was recorded').waitFor();
    await page.getByRole('button', { name: 'Restore a copy…' }).click();
    await page.getByRole('button', { name: 'Restore it' }).click();
  }
  await page.getByRole('link', { name: 'Watch its log' }).waitFor();
}

/** A command in the copy. */
async function showTerminal(page: Page): Promise<void> {
  await showNode(page);
  await page.getByRole('link', { name: 'Open a terminal in it' }).click();
  const screen = page.getByRole('log', { name: /^Screen of / });
  await screen.getByText('/ #').waitFor();
  await page.keyboard.type('ls --color=always /');
  await page.keyboard.press('Enter');
  await screen.getByText('proc').waitFor();
  await page.keyboard.type('ps');
  await page.keyboard.press('Enter');
  await screen.getByText('sleep').first().waitFor();
  await page.locator('.terminal').scrollIntoViewIfNeeded();
}
