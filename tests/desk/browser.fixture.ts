/** A desk over real archives and a real Chromium before it, shared by all tests of a file. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Checkpoint, openCheckpoint } from '@stillframe/checkpoint';
import { startYara } from '@stillframe/cli/yara';
import { UndoStack } from '@stillframe/core';
import { type CaseInput, type LiveNode, startDesk } from '@stillframe/server';
import { findProgram } from '@stillframe/testkit';
import { pagePlace } from '@stillframe/ui/place';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const PACKAGES = join(import.meta.dirname, '../../packages');
const { version } = JSON.parse(await readFile(join(PACKAGES, 'cli/package.json'), 'utf8')) as { version: string };
/** Somebody had been in it: findings of every severity. */
export const COMPROMISED = join(PACKAGES, 'forensics/fixtures/compromised.tar.zst');
export const CLEAN = join(PACKAGES, 'forensics/fixtures/clean.tar.zst');
/** Sockets of every kind, with bytes in them. */
export const OPEN_FILES = join(PACKAGES, 'checkpoint/fixtures/open-files.tar');
export const REDIS = join(PACKAGES, 'checkpoint/fixtures/podman-redis.tar');

/** Milliseconds that anything on the page may take: a machine under load is slow, and what never comes is a failure. */
const PATIENCE = 60_000;

export interface Desktop extends AsyncDisposable {
  readonly origin: string;
  readonly context: BrowserContext;
  /** A page at the overview of the first checkpoint. */
  readonly page: Page;
  /** Goes where `#/…` leads. */
  go(place: string): Promise<void>;
  /** What the page did that it must not: lines of the console, errors, requests that leave the origin. Empties the list. */
  faults(): readonly string[];
  /** What axe finds of serious and critical faults. */
  axe(): Promise<readonly string[]>;
}

/** `cases`: paths of archives, or checkpoints that are open already. `node`: a running one beside them. */
export async function openDesktop(cases: readonly (string | CaseInput)[], node?: LiveNode): Promise<Desktop> {
  const closing = new UndoStack();
  try {
    const opened: CaseInput[] = [];
    for (const one of cases) opened.push(typeof one === 'string' ? await openCase(one, closing) : one);
    const desk = await startDesk({ cases: opened, node, startYara, page: pagePlace, version });
    closing.push('desk', () => desk[Symbol.asyncDispose]());
    return await browse(desk.address, closing);
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}

/** A desk that runs already, by its address. */
export async function browseDesk(address: string): Promise<Desktop> {
  const closing = new UndoStack();
  try {
    return await browse(address, closing);
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}

async function browse(address: string, closing: UndoStack): Promise<Desktop> {
  // Tests run as root where there is a lab, and Chromium wants no sandbox then: the page is our own.
  const browser = await chromium.launch({
    executablePath: findProgram('chromium') ?? '',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  closing.push('browser', () => browser.close());
  // A colour on its way to another is judged as it is at that moment.
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const { origin } = new URL(address);
  const heard = listen(page, origin);
  await page.goto(address);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.tiles').waitFor();
  return {
    ...{ origin, context, page },
    go: (place) => page.evaluate(`location.hash = ${JSON.stringify(place)}`).then(() => undefined),
    faults: () => heard.splice(0),
    axe: () => axeOf(page),
    [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose](),
  };
}

async function openCase(path: string, closing: UndoStack): Promise<CaseInput> {
  const checkpoint: Checkpoint = await openCheckpoint(path);
  closing.push(path, () => checkpoint[Symbol.asyncDispose]());
  return { name: basename(path), checkpoint };
}

function listen(page: Page, origin: string): string[] {
  const heard: string[] = [];
  page.on('console', (message) => heard.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => heard.push(`error: ${error.message}`));
  page.on('dialog', async (dialog) => {
    heard.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) heard.push(`request: ${request.url()}`);
  });
  return heard;
}

/** axe is put in by the browser's own tools, which the policy of the page does not bind. */
async function axeOf(page: Page): Promise<readonly string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  const found = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: readonly { id: string; impact: string; nodes: readonly { html: string }[] }[];
  };
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

/** Waits until `look` says so. Not by the page's own scripts: its policy forbids what a browser's tools would evaluate there. */
export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; !(await look()); await delay(10))
    assert.ok(Date.now() < deadline, `${what} is waited for in vain`);
}

/** A test of one view: whatever it did, the page said nothing, asked nobody else, and has no serious fault. */
export async function testView(
  t: TestContext,
  name: string,
  desktop: Desktop,
  use: () => Promise<void>,
): Promise<void> {
  await t.test(name, async () => {
    await use();
    assert.deepEqual(desktop.faults(), []);
    assert.deepEqual(await desktop.axe(), []);
  });
}
