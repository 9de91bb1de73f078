/** A shell that is none: it says what it was given, and what it is told to say. */
import { PassThrough } from 'node:stream';
import type { LiveTerminal } from './live-node.ts';

/**
 * Gives back what is typed, in brackets. `flood\r` has it write four megabytes, `exit\r` end with a message. `done` is told of sizes, of
 * how much of a flood was taken, and of its end. After `sleep\r` it reads no more until it is closed.
 */
export function fakeTerminal(done: string[]): LiveTerminal {
  const output = new PassThrough();
  const ended = Promise.withResolvers<string | undefined>();
  let isDeaf = false;
  return {
    output,
    ended: ended.promise,
    async write(bytes) {
      if (isDeaf) return void (await ended.promise);
      const text = Buffer.from(bytes).toString();
      isDeaf = text === 'sleep\r';
      if (text === 'exit\r') {
        ended.resolve('it ended with code 3');
        output.end();
      } else if (text === 'flood\r') void flood(output, done);
      else output.write(`[${text}]`);
    },
    resize: ({ columns, rows }) => void done.push(`size ${columns}x${rows}`),
    async [Symbol.asyncDispose]() {
      done.push('closed');
      ended.resolve(undefined);
      output.end();
    },
  };
}

async function flood(output: PassThrough, done: string[]): Promise<void> {
  for (let written = 0; written < 4 << 20; written += 64 << 10) {
    if (output.writableEnded) return;
    if (!output.write(Buffer.alloc(64 << 10, 'y'))) await new Promise((resolve) => output.once('drain', resolve));
    done.push('64 KiB');
  }
}
