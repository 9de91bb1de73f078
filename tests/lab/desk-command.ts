/** The command `ui` in this process, until it is ended. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type Io, runProgram } from '@stillframe/cli/program';

/** A desk that answers. Disposing ends the command, which must end well. */
export interface RunningUi extends AsyncDisposable {
  /** With its token. */
  readonly address: URL;
}

/** `words`: checkpoints and options. */
export async function startUi(words: readonly string[]): Promise<RunningUi> {
  const ending = new AbortController();
  const printed = Promise.withResolvers<string>();
  const errors: string[] = [];
  const io: Io = {
    out: (text) => printed.resolve(text.trim()),
    write: async () => undefined,
    input: () => Readable.from([]),
    err: (text) => void errors.push(text),
    env: process.env,
    ...{ colour: false, interactive: false, answering: false, width: 100, argv: ['ui'] },
    signal: ending.signal,
  };
  const ended = runProgram(['ui', ...words], io);
  const first = await Promise.race([printed.promise, ended]);
  assert.equal(typeof first, 'string', errors.join(''));
  return {
    address: new URL(String(first)),
    async [Symbol.asyncDispose]() {
      ending.abort();
      assert.equal(await ended, 0, errors.join(''));
    },
  };
}
