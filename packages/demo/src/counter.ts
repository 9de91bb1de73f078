/** The workload: a shell that counts aloud and keeps a secret that stands nowhere but in its memory. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** What the shell holds. It reaches the container only in disguise, so that a hit can only be the shell's own memory. */
export const SECRET = 'stillframe-holds-this-in-memory';

/** Seconds between two numbers. */
const BEAT = 0.25;

/** Command of the container. */
export const command = [
  'sh',
  '-c',
  `secret=$(echo "$DISGUISED" | tr 'A-Za-z' 'N-ZA-Mn-za-m'); i=0; while :; do i=$((i+1)); echo "count $i"; sleep ${BEAT}; done`,
];

/** Environment of the container, `NAME=value`. */
export const environment = `DISGUISED=${rot13(SECRET)}`;

function rot13(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const base = letter < 'a' ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });
}

/** All numbers in a CRI log, in the order they were written. */
export async function numbersIn(logPath: string): Promise<number[]> {
  return numbersOf(await readFile(logPath, 'utf8'));
}

export function numbersOf(log: string): number[] {
  return [...log.matchAll(/ F count (\d+)$/gm)].map((match) => Number(match[1]));
}

/** Waits until the log has `count` numbers more than `after`; throws after a minute. */
export async function waitForNumbers(
  logPath: string,
  after: number,
  count: number,
  signal: AbortSignal,
): Promise<number[]> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50, undefined, { signal })) {
    const numbers = await numbersIn(logPath).catch(() => []);
    if (numbers.length >= after + count) return numbers;
  }
  throw new Error(`the counter wrote no ${count} further numbers within a minute`);
}

/** Throws where `numbers` skip or repeat one. */
export function demandUnbroken(numbers: readonly number[], whose: string): void {
  const wrong = numbers.findIndex((n, i) => i > 0 && n !== (numbers[i - 1] ?? 0) + 1);
  if (wrong > 0) throw new Error(`${whose} went from ${numbers[wrong - 1]} to ${numbers[wrong]}`);
}
