/** The page in a real browser, whose judgement of hostile names is the one that counts. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';
import { findProgram, needs } from '@stillframe/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { everyKind, HOSTILE, judgedFixture } from '../judged.fixture.ts';
import { reportPage } from './index.ts';
import { sourceOf } from './source.fixture.ts';

const HOSTILE_NAMES = [
  HOSTILE,
  `"><svg onload=alert(1)>`,
  `javascript:alert(1)`,
  `</title><style>*{display:none}</style>`,
];

test('a report in a browser', needs('chromium'), async (t) => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'report.html');
  await writeFile(path, await hostilePage());
  // Tests run as root where there is a lab, and Chromium wants no sandbox then: the page is our own.
  const browser = await chromium.launch({
    executablePath: findProgram('chromium') ?? '',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    await t.test('runs nothing, asks nothing of the network, and says nothing in the console', () =>
      quiet(browser, path),
    );
    await t.test('shows hostile names as text', () => asText(browser, path));
    await t.test('loses nothing on paper that is folded on the screen', () => onPaper(browser, path));
    await t.test('is read in the light and in the dark', () => contrast(browser, path));
  } finally {
    await browser.close();
  }
});

async function hostilePage(): Promise<string> {
  const judged = await judgedFixture('crio-counter.tar', everyKind);
  const { tables } = judged.analysis;
  const processes = tables.processes.flatMap((row) =>
    HOSTILE_NAMES.map((name, index) => ({ ...row, pid: row.pid + index * 100, name, arguments: [name] })),
  );
  const container = { ...judged.metadata.container, name: HOSTILE_NAMES[3], podName: HOSTILE_NAMES[1] };
  const metadata = { ...judged.metadata, container };
  return reportPage(
    sourceOf({ ...judged, metadata, analysis: { ...judged.analysis, tables: { ...tables, processes } } }),
  );
}

async function quiet(browser: Browser, path: string): Promise<void> {
  const page = await browser.newPage();
  const heard: string[] = [];
  page.on('console', (message) => heard.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => heard.push(`error: ${error.message}`));
  page.on('dialog', async (dialog) => {
    heard.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(path).href) heard.push(`request: ${request.url()}`);
  });
  await open(page, path);
  await page.mouse.click(200, 200);
  assert.deepEqual(heard, []);
  await page.close();
}

async function asText(browser: Browser, path: string): Promise<void> {
  const page = await browser.newPage();
  await open(page, path);
  assert.equal(await page.locator('img, svg [onload], [onerror], script, style:not(head > style)').count(), 0);
  const text = (await page.locator('body').textContent()) ?? '';
  for (const part of [
    '<img src=x onerror="alert(1)">',
    '"><svg onload=alert(1)>',
    'javascript:alert(1)',
    '</title><style>',
  ])
    assert.ok(text.includes(part), part);
  assert.match(await page.title(), /^Checkpoint report: /);
  await page.close();
}

async function onPaper(browser: Browser, path: string): Promise<void> {
  const page = await browser.newPage();
  await open(page, path);
  await page.evaluate(`document.querySelectorAll('details').forEach((one) => one.removeAttribute('open'))`);
  const folded = page.locator('details dl').first();
  assert.equal(await folded.isVisible(), false);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await folded.isVisible(), true);
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.ok(pdf.length > 20_000);
  await page.close();
}

/** `colour on colour` of everything that is read; an expression of the page. */
const COLOURS = `[...document.querySelectorAll('p, dt, dd, th, td, caption, .badge, a, .holds, .unchecked')].map((one) => {
  let behind = one;
  while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
  return getComputedStyle(one).color + ' on ' + (behind ? getComputedStyle(behind).backgroundColor : 'rgb(255, 255, 255)');
})`;

/** Whether words stand out from what is behind them, as WCAG 2.2 wants it of small text: 4.5 to 1. */
async function contrast(browser: Browser, path: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme });
    await open(page, path);
    const pairs = (await page.evaluate(COLOURS)) as string[];
    const distinct = new Set(pairs);
    assert.ok(distinct.size > 3);
    for (const pair of distinct)
      assert.ok(ratioOf(pair) >= 4.5, `${colorScheme}: ${pair} is ${ratioOf(pair).toFixed(2)}`);
    await page.close();
  }
}

function ratioOf(pair: string): number {
  const [front = 0, back = 0] = pair.split(' on ').map((colour) => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
  return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(pathToFileURL(path).href);
}
