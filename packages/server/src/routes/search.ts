/** A search through the memory of the checkpoint, told line by line: matches as they are found, and how far it came. */
import { setTimeout } from 'node:timers/promises';
import { harmless, hexAddress, messageOf, StillframeError } from '@stillframe/core';
import { type NamedPattern, type PatternMatch, scanMemory, textPattern } from '@stillframe/forensics';
import type { SearchLine } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import type { Question } from '../http/question.ts';
import type { Call, StreamRoute } from './route.ts';

/** Matches that a page lists, and bytes around each. */
const [MOST, CONTEXT] = [1000, 48];
/** Milliseconds between two lines that tell how far it came. */
const PROGRESS = 250;

/** What is asked is judged before the answer begins. */
export const search: StreamRoute<'search'> = (call) =>
  searched(call, patternOf(call.question), call.question.number('pid'));

async function* searched(
  { one, signal }: Call,
  pattern: NamedPattern,
  pid: number,
): AsyncGenerator<SearchLine, void, undefined> {
  let progress = { done: 0, total: 0 };
  const onProgress = (done: number, total: number) => {
    progress = { done, total };
  };
  let matches = 0;
  let truncated = false;
  try {
    const filter = pid === 0 ? undefined : { pids: [(await one.process(pid)).pid] };
    const options = { filter, limit: MOST + 1, context: CONTEXT, onProgress, signal };
    for await (const match of orTick(scanMemory(one.checkpoint, [pattern], options), signal)) {
      if (match === undefined) yield { kind: 'progress', ...progress };
      else if (matches >= MOST) {
        truncated = true;
        break;
      } else {
        matches += 1;
        yield lineOf(match);
      }
    }
    const faults = one.checkpoint.diagnostics().filter(({ severity }) => severity === 'error').length;
    yield { kind: 'end', matches, truncated, faults };
  } catch (error) {
    // The answer has begun, so that the failure is its last line.
    if (signal.aborted || !StillframeError.is(error)) throw error;
    yield { kind: 'failed', code: error.code, message: harmless(messageOf(error)) };
  }
}

function patternOf(question: Question): NamedPattern {
  const what = question.text('what');
  if (what === '') throw deskError('ERR_DESK_QUESTION', 'there is nothing to search for');
  const ignoreCase = question.flag('ignoreCase');
  const as = question.oneOf('as', ['text', 'hex', 'regex']);
  if (as === 'text') return textPattern(what, { ignoreCase, wide: true });
  if (as === 'hex') return { id: 'asked', pattern: { kind: 'hex', source: what } };
  return { id: 'asked', pattern: { kind: 'regex', source: what, ignoreCase } };
}

function lineOf({ pid, comm, vaddr, bytes, vma, context, contextOffset }: PatternMatch): SearchLine {
  const { prot = 0, backing = 'unknown' } = vma ?? {};
  return {
    kind: 'match',
    ...{ pid: pid ?? null, name: comm ?? null, at: hexAddress(vaddr), bytes, backing, contextOffset },
    protection: `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}`,
    context: Buffer.from(context.buffer, context.byteOffset, context.length).toString('latin1'),
  };
}

/** What comes, and undefined where nothing has come for a while. */
async function* orTick<Value>(
  values: AsyncGenerator<Value, void, undefined>,
  signal: AbortSignal,
): AsyncGenerator<Value | undefined, void, undefined> {
  try {
    for (let next = values.next(); ; ) {
      const stop = new AbortController();
      const tick = setTimeout(PROGRESS, undefined, { signal: AbortSignal.any([signal, stop.signal]) });
      const first = await Promise.race([next, tick.catch(() => undefined)]);
      stop.abort();
      signal.throwIfAborted();
      if (first === undefined) yield undefined;
      else if (first.done) return;
      else {
        yield first.value;
        next = values.next();
      }
    }
  } finally {
    await values.return();
  }
}
