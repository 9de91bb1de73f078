/** Progress of long work on stderr, with rate and time left; nothing where stderr is no terminal. */

import { bytesText, millisecondsText } from '@stillframe/core';
import type { Io } from '../io.ts';

export interface Progress extends Disposable {
  /** Bytes done so far, of all that is to do. */
  update(done: number, total: number): void;
  /** Takes the line away, so that something else can be written; the next update draws it again. */
  clear(): void;
}

const nothing = () => undefined;
const SILENT: Progress = { update: nothing, clear: nothing, [Symbol.dispose]: nothing };

/** Milliseconds between two redraws. */
const EVERY = 100;

export function showProgress(io: Io, title: string): Progress {
  const { watched } = io;
  if (watched) return { ...SILENT, update: (done, total) => watched(title, done, total) };
  if (!io.interactive) return SILENT;
  const from = performance.now();
  let drawn = 0;
  const clear = () => io.err('\r\x1b[K');
  return {
    update(done, total) {
      const now = performance.now();
      if (now - drawn < EVERY && done < total) return;
      drawn = now;
      const rate = done / Math.max(1, now - from);
      const left = rate > 0 ? millisecondsText((total - done) / rate) : '?';
      const part = total > 0 ? Math.floor((100 * done) / total) : 0;
      io.err(
        `\r\x1b[K${title}  ${part} %  ${bytesText(done)} of ${bytesText(total)}  ${bytesText(rate * 1000)}/s  ${left} left`,
      );
    },
    clear,
    [Symbol.dispose]: clear,
  };
}
