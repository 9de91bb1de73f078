/** YARA rules in a process of their own: YARA-X cannot be interrupted, a process can be ended. */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Diagnostic, StillframeError } from '@stillframe/core';
import type { YaraMatch, YaraRules, YaraSource } from '@stillframe/forensics';
import { cliError } from '../usage.ts';
import type { YaraAnswer } from './yara-program.ts';

/** Milliseconds that all rules may look at one window; where that is not enough, those of each file. */
const PATIENCE = 60_000;
const PROGRAM = fileURLToPath(new URL('./yara-program.ts', import.meta.url));

/** Rules that can be ended. */
export interface YaraProcess extends YaraRules, AsyncDisposable {
  /** Which files of rules were given up; grows while windows are looked at. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Throws what compileYara does, the reason of `signal`, and ERR_SCAN_YARA_ENDED where the process ends by itself. Rules of a file
 * that are slower than `patience` over one window are judged no further, which is a diagnostic.
 */
export async function startYara(
  sources: readonly YaraSource[],
  signal: AbortSignal,
  patience = PATIENCE,
): Promise<YaraProcess> {
  const { fork } = await import('node:child_process');
  const diagnostics: Diagnostic[] = [];
  let left = sources;
  let child = await started();
  return {
    diagnostics,
    async scan(bytes) {
      for (let named = false; left.length > 0; named = true) {
        const answer = await asked(child, { question: { size: bytes.length, named }, bytes }, signal, patience);
        if ('matches' in answer) return answer.matches;
        await ended(child);
        const { slow } = answer;
        if (named && slow === undefined)
          throw cliError('ERR_SCAN_YARA_ENDED', 'YARA rules are judged no further: too slow');
        left = left.filter(({ name }) => name !== slow);
        if (slow !== undefined) {
          const message = 'its rules take too long over a part of memory or a file, and are judged no further';
          diagnostics.push({ id: 'yara-slow', severity: 'warning', source: slow, message });
        }
        if (left.length > 0) child = await started();
      }
      return [];
    },
    [Symbol.asyncDispose]: () => ended(child),
  };

  async function started(): Promise<ChildProcess> {
    const begun = fork(PROGRAM, { serialization: 'advanced', stdio: ['pipe', 'ignore', 'ignore', 'ipc'] });
    // One that has ended takes no more, which is told by its end.
    begun.stdin?.on('error', () => undefined);
    try {
      await asked(begun, { question: { sources: left } }, signal, undefined);
      return begun;
    } catch (error) {
      await ended(begun);
      throw error;
    }
  }
}

type Answer = { readonly matches: readonly YaraMatch[] } | { readonly slow: string | undefined };

/**
 * The answer to one question, or the file that is too slow, where files are named as they are judged. `bytes` go by a pipe: as a message
 * they would be copied some times over, and a window has megabytes.
 */
function asked(
  child: ChildProcess,
  { question, bytes }: { question: object; bytes?: Uint8Array },
  signal: AbortSignal,
  patience: number | undefined,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let at: string | undefined;
  const timer = patience === undefined ? undefined : setTimeout(() => resolve({ slow: at }), patience);
  const onMessage = (answer: YaraAnswer) => {
    if ('error' in answer) {
      const { code, kind, message, ...facts } = answer.error;
      reject(new StillframeError(code, kind, message, facts));
    } else if ('matches' in answer) resolve(answer);
    else {
      ({ at } = answer);
      timer?.refresh();
    }
  };
  const onExit = (code: number | null, by: string | null) =>
    reject(cliError('ERR_SCAN_YARA_ENDED', `the process that judges by YARA rules ended by ${by ?? `code ${code}`}`));
  const onAbort = () => {
    child.kill('SIGKILL');
    reject(signal.reason);
  };
  child.on('message', onMessage).once('exit', onExit).once('error', reject);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  else {
    child.send(question, (error) => error && onExit(null, error.message));
    if (bytes && bytes.length > 0) child.stdin?.write(bytes);
  }
  return promise.finally(() => {
    clearTimeout(timer);
    child.off('message', onMessage).off('exit', onExit).off('error', reject);
    signal.removeEventListener('abort', onAbort);
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
