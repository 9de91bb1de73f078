/** The numbers that a counting container writes to its log. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Waits, for 20 seconds at most, until a container has written `count` numbers; the first that many. */
export async function waitForLines(log: string, count: number): Promise<number[]> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(50)) {
    const text = await readFile(log, 'utf8').catch(() => '');
    const numbers = [...text.matchAll(/ F (\d+)$/gm)].map(([, digits]) => Number(digits));
    if (numbers.length >= count) return numbers.slice(0, count);
  }
  throw new Error(`${log} does not hold ${count} numbers`);
}
