/** What a container writes to its log. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Waits, for 20 seconds at most, until a container has written `count` numbers; the first that many. */
export async function waitForLines(log: string, count: number): Promise<number[]> {
  return waitForLog(log, { what: `${count} numbers`, seconds: 20 }, (text) => {
    const numbers = [...text.matchAll(/ F (\d+)$/gm)].map(([, digits]) => Number(digits));
    return numbers.length >= count ? numbers.slice(0, count) : undefined;
  });
}

/** Waits until a container has written one line. */
export async function waitForLine(log: string, line: string, seconds: number): Promise<void> {
  await waitForLog(log, { what: JSON.stringify(line), seconds }, (text) => text.includes(` F ${line}\n`) || undefined);
}

/** Waits until a container's log has `pattern` in it, whatever its format. */
export async function waitForText(log: string, pattern: RegExp, seconds = 20): Promise<void> {
  await waitForLog(log, { what: String(pattern), seconds }, (text) => pattern.test(text) || undefined);
}

/** Waits until `look` finds in the log what it looks for. Throws Error after so many seconds. */
async function waitForLog<T>(
  log: string,
  { what, seconds }: { what: string; seconds: number },
  look: (text: string) => T | undefined,
): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await delay(20)) {
    const found = look(await readFile(log, 'utf8').catch(() => ''));
    if (found !== undefined) return found;
  }
  throw new Error(`${log} does not hold ${what} after ${seconds} s`);
}
