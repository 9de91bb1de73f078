/** Names of signals: of images, of the CRI and of the kernel. */
import { constants } from 'node:os';

/** Linux numbers of the first and the last real-time signal that programs may use (signal(7)). */
const RTMIN = 34;
const RTMAX = 64;

/**
 * The number of a signal that an image or a request names: `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3`. Undefined for what is
 * no signal.
 */
export function signalNumber(name: string): number | undefined {
  const word = name.trim().toUpperCase();
  if (/^\d{1,2}$/.test(word)) return inRange(Number(word));
  const [, base, sign, offset = '0'] = /^(?:SIG)?(RTMIN|RTMAX)(?:([+-])(\d{1,2}))?$/.exec(word) ?? [];
  if (base !== undefined) {
    const number = (base === 'RTMIN' ? RTMIN : RTMAX) + (sign === '-' ? -1 : 1) * Number(offset);
    return number < RTMIN ? undefined : inRange(number);
  }
  const full = word.startsWith('SIG') ? word : `SIG${word}`;
  const aliases: Readonly<Record<string, string>> = { SIGCLD: 'SIGCHLD' };
  return Object.entries(constants.signals).find(([known]) => known === (aliases[full] ?? full))?.[1];
}

function inRange(number: number): number | undefined {
  return number >= 1 && number <= RTMAX ? number : undefined;
}

/** The name of a signal number in the kernel's words; `SIGRTMIN+n` up to the middle, `SIGRTMAX-n` from there. */
export function signalName(number: number): string {
  if (number >= RTMIN) {
    const up = number - RTMIN;
    if (up === 0) return 'SIGRTMIN';
    if (number === RTMAX) return 'SIGRTMAX';
    return up <= 15 ? `SIGRTMIN+${up}` : `SIGRTMAX-${RTMAX - number}`;
  }
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}
