/** What a capture may have shown of itself to what was captured, and to whom that speaks. */
import { microsecondsText } from '@stillframe/core';
import type { Capture } from './capture.ts';

/** A sentence each. `connected`: whether the dump holds TCP connections. */
export function noticeableIn(
  { pause, choices }: Pick<Capture, 'pause' | 'choices'>,
  connected: boolean,
): readonly string[] {
  const { networkLock } = choices.criu;
  return [
    `it stood still for ${microsecondsText(pause.truePause)} while its clocks went on: timers that were due fired that much late`,
    ...(connected && networkLock !== 'skip'
      ? [`packets of its TCP connections were held back by ${networkLock}; peers sent them again`]
      : []),
    ...(choices.leaveRunning ? [] : ['it ended with the capture, and nobody it was connected to was told']),
  ];
}
