/** Timers of a process. */
import { signalName, type Timers } from '@stillframe/checkpoint';
import { hexAddress } from '@stillframe/core';
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';

/** Nothing where none runs and none was made. */
export function timerNodes(timers: Timers | undefined, style: Style): TreeNode[] {
  const interval = (timers?.interval ?? []).map((timer) => ({
    label: `${style.dim(`Interval timer ${timer.timer}:`)} ${ringing(timer)}`,
  }));
  const posix = (timers?.posix ?? []).map((timer) => {
    const whom = timer.thread === undefined ? '' : ` to thread ${timer.thread}`;
    const notice = timer.notify === 'SIGEV_NONE' ? '' : `, ${signalName(timer.signalNumber)}${whom}`;
    const value = `, value ${hexAddress(timer.value)}${timer.overrun === 0 ? '' : `, overrun ${timer.overrun}`}`;
    return {
      label: `${style.dim(`POSIX timer ${timer.id}:`)} ${timer.clock}, ${ringing(timer)}, ${timer.notify}${notice}${value}`,
    };
  });
  return [...interval, ...posix];
}

function ringing({ interval, remaining }: { interval: bigint; remaining: bigint }): string {
  const next = remaining === 0n ? 'does not run' : `rings in ${secondsText(remaining)}`;
  return interval === 0n ? `${next}, once` : `${next}, then every ${secondsText(interval)}`;
}

/** Nanoseconds as seconds with up to nine digits: `1798.780652 s`. */
function secondsText(nanoseconds: bigint): string {
  const whole = nanoseconds / 1_000_000_000n;
  const rest = String(nanoseconds % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${whole}${rest === '' ? '' : `.${rest}`} s`;
}
