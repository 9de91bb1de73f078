/**
 * A program: how long a browser waits for the desk over a large archive, and how much memory the server has by then; the median of some rounds,
 * each with a desk and a browser of its own. `npx node tests/desk/measure.ts [ARCHIVE [PID]] [--rounds N]`; without an archive it
 * checkpoints a container with 4 GiB of touched memory and 500 processes in a lab, or keeps what that gave with `--keep FILE`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execute } from '@stillframe/demo/stage';
import { findProgram } from '@stillframe/testkit';
import { chromium, type Page } from 'playwright-core';
import { openLab } from '../lab/lab.ts';
import { waitForLine } from '../lab/log-lines.ts';

const PROGRAM = join(import.meta.dirname, '../../packages/cli/bin/stillframe.mjs');
/** Touches memory, half of it random; the word stands in it once. */
const BALLAST = join(import.meta.dirname, '../../bench/programs/ballast.c');
const NEEDLE = 'stillframe-desk-needle';
const JUMPS = 40;
const [MEBIBYTES, PROCESSES] = [4096, 500];
/** Milliseconds that what goes through all memory may take. */
const LONG = 600_000;
const RULES = `rule needle { strings: $a = "${NEEDLE}" condition: $a }`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, keep: { type: 'string' } },
});
const [archive, pid = '1'] = positionals;
if (archive === undefined) await inLab((made) => measured(made, '1'));
else await measured(archive, pid);

/** The archive is gone with the lab, unless it is kept. */
async function inLab(use: (archive: string) => Promise<void>): Promise<void> {
  await using lab = await openLab();
  const programs = join(lab.folder, 'ballast');
  await mkdir(programs);
  await execute(['gcc', '-O2', '-static', '-o', join(programs, 'ballast'), BALLAST]);
  const sleepers = `i=1; while [ $i -lt ${PROCESSES} ]; do sleep 1000000 & i=$((i+1)); done`;
  const script = `${sleepers}; exec /bench/ballast ${MEBIBYTES} /bench/probe`;
  const options = ['--env', `NEEDLE=${NEEDLE}`, '--mount', `${programs}:/bench`];
  const log = await lab.run('default/large/main', script, options);
  // It says so once all of its memory is touched.
  await waitForLine(log, 'ready', 120);
  const made = join(lab.folder, 'large.tar');
  await lab.stillframe.json(['checkpoint', 'default/large/main'], ['--export', made]);
  await execute(['sync', made]);
  if (values.keep !== undefined) await copyFile(made, values.keep);
  await use(made);
}

type Figures = Map<string, number>;

async function measured(path: string, of: string): Promise<void> {
  const rounds: Figures[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) rounds.push(await oneRound(path, of));
  for (const name of rounds[0]?.keys() ?? []) {
    const all = rounds.map((figures) => figures.get(name) ?? Number.NaN).sort((a, b) => a - b);
    const [least, middle, most] = [all[0], all[Math.floor(all.length / 2)], all.at(-1)].map((each) => each?.toFixed(0));
    process.stdout.write(`${name}: ${middle} (${least} to ${most})\n`);
  }
}

async function oneRound(path: string, of: string): Promise<Figures> {
  const desk = spawn(process.execPath, [PROGRAM, 'ui', path], { stdio: ['ignore', 'pipe', 'ignore'] });
  const browser = await chromium.launch({
    executablePath: findProgram('chromium') ?? '',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const figures: Figures = new Map();
  try {
    const [address] = await once(desk.stdout, 'data');
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    // The browser's own start is not the desk's: a first empty page is behind it.
    await page.goto('about:blank');
    const begin = performance.now();
    const since = (name: string, from = begin) => figures.set(`${name}, ms`, performance.now() - from);
    await page.goto(String(address).trim());
    await page.locator('.tiles').waitFor();
    since('overview');
    await page.evaluate("location.hash = '#/0/processes'");
    const asked = performance.now();
    await page.getByRole('table', { name: 'Process tree' }).locator('tbody tr').first().waitFor();
    since('tree of processes', asked);
    await page.evaluate(`location.hash = '#/0/memory/${of}'`);
    await page.locator('.hex-row').first().waitFor();
    const waits = await jumps(page);
    figures.set('bytes at another address, median, ms', waits[Math.floor(waits.length / 2)] ?? 0);
    figures.set('bytes at another address, worst, ms', waits.at(-1) ?? 0);
    figures.set('one turn of the wheel, worst, ms', (await wheel(page)).at(-1) ?? 0);
    figures.set('server by then, MiB', await peak(desk));
    await search(page, 'text', NEEDLE, figures);
    figures.set('server after a search, MiB', await peak(desk));
    await search(page, 'yara', RULES, figures);
    figures.set('server after YARA, MiB', await peak(desk));
    const judging = performance.now();
    await page.evaluate("location.hash = '#/0/findings'");
    await page.getByText(/^\d+ findings by \d+ rules$/).waitFor({ timeout: LONG });
    since('all rules, memory too', judging);
    figures.set('server at last, MiB', await peak(desk));
    return figures;
  } finally {
    await browser.close();
    desk.kill();
    await once(desk, 'exit');
  }
}

/** MiB that the process had at most. */
async function peak({ pid: id }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${id}/status`, 'utf8');
  return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) / 1024;
}

async function search(page: Page, as: 'text' | 'yara', what: string, figures: Figures): Promise<void> {
  await page.getByRole('search').getByRole('combobox').selectOption(as);
  await page
    .getByRole('search')
    .getByRole(as === 'yara' ? 'textbox' : 'searchbox')
    .fill(what);
  const from = performance.now();
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByText(/^\d+ match(es)?$/).waitFor({ timeout: LONG });
  figures.set(`search through all memory as ${as}, ms`, performance.now() - from);
}

/** Milliseconds from a move of the slider until every row has its bytes, ascending. */
async function jumps(page: Page): Promise<number[]> {
  // The largest mapping, by what the list says of it.
  await page.locator('.map-row').filter({ hasText: 'GiB' }).or(page.locator('.map-row')).first().waitFor();
  await page.locator('.map-row').filter({ hasText: 'GiB' }).or(page.locator('.map-row').last()).first().click();
  const waits: number[] = [];
  for (let jump = 0; jump < JUMPS; jump += 1) waits.push(await page.evaluate<number>(moved((jump * 7919) % 10_000)));
  return waits.sort((a, b) => a - b);
}

function moved(step: number): string {
  return `(async () => {
    const slider = document.querySelector('.hex-slider');
    const begin = performance.now();
    slider.value = String(Math.floor(Number(slider.max) * ${step} / 10000));
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    do await new Promise(requestAnimationFrame); while (document.querySelector('.hex-row .awaited'));
    return performance.now() - begin;
  })()`;
}

async function wheel(page: Page): Promise<number[]> {
  const waits: number[] = [];
  for (let turn = 0; turn < JUMPS; turn += 1)
    waits.push(
      await page.evaluate<number>(`(async () => {
        const rows = document.querySelector('.hex-rows');
        const before = document.querySelector('.hex-row .at').textContent;
        const begin = performance.now();
        rows.dispatchEvent(new WheelEvent('wheel', { deltaY: 960, cancelable: true }));
        do await new Promise(requestAnimationFrame);
        while (document.querySelector('.hex-row .at').textContent === before || document.querySelector('.hex-row .awaited'));
        return performance.now() - begin;
      })()`),
    );
  return waits.sort((a, b) => a - b);
}
