/**
 * A program: how long a browser waits for the overview of an archive, how long bytes at addresses all over the memory of a process take,
 * and how much memory the server has had by then. `npx node tests/desk/measure.ts ARCHIVE [PID]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '@stillframe/testkit';
import { chromium, type Page } from 'playwright-core';

const PROGRAM = join(import.meta.dirname, '../../packages/cli/bin/stillframe.mjs');
const JUMPS = 40;

const [archive = '', pid = '1'] = process.argv.slice(2);
const desk = spawn(process.execPath, [PROGRAM, 'ui', archive], { stdio: ['ignore', 'pipe', 'ignore'] });
const browser = await chromium.launch({
  executablePath: findProgram('chromium') ?? '',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const [address] = await once(desk.stdout, 'data');
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  // The browser's own start is not the desk's: a first empty page is behind it.
  await page.goto('about:blank');
  const begin = performance.now();
  await page.goto(String(address).trim());
  await page.locator('.tiles').waitFor();
  tell('overview there after', performance.now() - begin);
  await page.evaluate(`location.hash = '#/0/memory/${pid}'`);
  await page.locator('.hex-row').first().waitFor();
  const waits = await jumps(page);
  tell('bytes at another address, median', waits[Math.floor(waits.length / 2)] ?? 0);
  tell('bytes at another address, worst', waits.at(-1) ?? 0);
  tell('one turn of the wheel, worst', (await wheel(page)).at(-1) ?? 0);
  await page.evaluate("location.hash = '#/0/findings'");
  await page.getByText(/^\d+ findings by \d+ rules$/).waitFor({ timeout: 600_000 });
  tell('all rules, memory too, after', performance.now() - begin);
  const status = await readFile(`/proc/${desk.pid}/status`, 'utf8');
  process.stdout.write(`memory of the server at most: ${/VmHWM:\s*(.*)/.exec(status)?.[1]}\n`);
} finally {
  await browser.close();
  desk.kill();
}

/** Milliseconds from a move of the slider until every row has its bytes, ascending. */
async function jumps(page: Page): Promise<number[]> {
  // The largest mapping, by what the list says of it.
  await page.getByRole('region', { name: 'Mappings' }).evaluate((box) => {
    box.scrollTop = box.scrollHeight;
  });
  await page.locator('.map-row').filter({ hasText: 'GiB' }).or(page.locator('.map-row')).last().click();
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

function tell(what: string, milliseconds: number): void {
  process.stdout.write(`${what}: ${milliseconds.toFixed(0)} ms\n`);
}
