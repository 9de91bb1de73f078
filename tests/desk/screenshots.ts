/**
 * A program: makes the pictures of every view of the desk, in the light and in the dark, over the fixtures of a compromised container.
 * `npx node tests/desk/screenshots.ts [WORD…]`: into docs/desk; with words only views whose name holds one.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openCheckpoint } from '@stillframe/checkpoint';
import type { Page } from 'playwright-core';
import { CLEAN, COMPROMISED, openDesktop } from './browser.fixture.ts';
import { VOUCHED } from './custody.fixture.ts';
import { fakeNode } from './node.fixture.ts';

const OUT = join(import.meta.dirname, '../../docs/desk');

interface Shot {
  readonly name: string;
  readonly place: string;
  /** Which checkpoint; the first one by default. The third has a proof that is made up: no fixture has one beside it. */
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
    name: 'files',
    place: 'files/path/%2Fetc%2Fcron.d%2Fsync',
    prepare: (page) => page.getByRole('region', { name: 'Content' }).waitFor(),
  },
  { name: 'network', place: 'network', prepare: (page) => page.locator('.network-picture .box').first().waitFor() },
  { name: 'timeline', place: 'timeline', prepare: (page) => page.locator('.chart-picture .lane').first().waitFor() },
  { name: 'compare', place: 'diff/1', prepare: (page) => page.locator('table.diff').first().waitFor() },
  { name: 'custody', one: 2, place: 'custody', prepare: (page) => page.locator('.there').nth(1).waitFor() },
  { name: 'node', place: 'node/log/c1', prepare: showNode },
];

const words = process.argv.slice(2);
await mkdir(OUT, { recursive: true });
await using checkpoint = await openCheckpoint(COMPROMISED);
const vouched = { name: 'compromised.tar.zst', checkpoint, ...VOUCHED };
const { node, more } = fakeNode(checkpoint);
more('written');
await using desktop = await openDesktop([COMPROMISED, CLEAN, vouched], node);
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

/** One container checkpointed, and asked about again. */
async function showNode(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Checkpoint default/web/app' });
  if ((await page.locator('.jobs').count()) === 0) {
    await button.click();
    await page.getByRole('button', { name: 'Checkpoint it' }).click();
  }
  await page.getByRole('link', { name: 'Open it' }).waitFor();
  await page.getByRole('log').getByText('line 1').waitFor();
}
