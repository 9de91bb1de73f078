/** The command in this process, which has its modules loaded: starting one is most of what a command costs. */
import { Readable } from 'node:stream';
import { type Io, runProgram } from '@stillframe/cli/program';
import { type Ran, stillframeProcess } from '@stillframe/demo/stage';

/**
 * Runs `stillframe` with these words, in this process's environment and folder, with nothing on stdin and no terminal. Throws
 * an Error with its last words where it fails, as a process of it would have it. That the process itself does the same is
 * tested where `bin/stillframe.mjs` is run: by the demo, and in many labs and tests of the command line.
 */
export async function stillframeHere(words: readonly string[], signal?: AbortSignal): Promise<Ran> {
  // A node is nobody's child, as that of a user is: one that is killed is gone, and not kept by this process for a while.
  if (words[0] === 'node' && words[1] === 'up') return stillframeProcess(words, signal);
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const io: Io = {
    out: (text) => void stdout.push(Buffer.from(text)),
    write: async (chunk) => void stdout.push(Buffer.from(chunk)),
    input: () => Readable.from([]),
    err: (text) => void stderr.push(Buffer.from(text)),
    env: process.env,
    ...{ colour: false, interactive: false, answering: false, width: 100, argv: [...words] },
    signal: signal ?? new AbortController().signal,
  };
  const code = await runProgram([...words], io);
  signal?.throwIfAborted();
  const ran = { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
  if (code !== 0) throw new Error(ran.stderr.trim() || ran.stdout.trim() || `stillframe ended with code ${code}`);
  return ran;
}
