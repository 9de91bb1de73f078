/** A search through the memory of the checkpoint, by a text, bytes or an expression. */
import { availableParallelism } from 'node:os';
import { hexAddress } from '@stillframe/core';
import { type NamedPattern, type PatternMatch, scanMemory, textPattern } from '@stillframe/forensics';
import { deskError } from '../errors.ts';
import type { Question } from '../http/question.ts';
import type { Call, StreamRoute } from './route.ts';
import { CONTEXT, contextText, type MatchLine, MOST, protectionOf, searchLines } from './search-lines.ts';

/** Threads: this one answers everybody else meanwhile, and an expression may take two seconds for a MiB. */
const WORKERS = Math.max(1, availableParallelism() - 1);

/** What is asked is judged before the answer begins. */
export const search: StreamRoute<'search'> = (call) => {
  const [pattern, pid] = [patternOf(call.question), call.question.number('pid')];
  return searchLines(call, (onProgress) => ({ matches: matchesOf(call, pattern, pid, onProgress) }));
};

async function* matchesOf(
  { one, signal }: Call,
  pattern: NamedPattern,
  pid: number,
  onProgress: (done: number, total: number) => void,
): AsyncGenerator<MatchLine, void, undefined> {
  const filter = pid === 0 ? undefined : { pids: [(await one.process(pid)).pid] };
  const options = { filter, limit: MOST + 1, context: CONTEXT, workers: WORKERS, onProgress, signal };
  for await (const match of scanMemory(one.checkpoint, [pattern], options)) yield lineOf(match);
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

function lineOf({ pid, comm, vaddr, bytes, vma, context, contextOffset }: PatternMatch): MatchLine {
  const { prot = 0, backing = 'unknown' } = vma ?? {};
  return {
    kind: 'match',
    ...{ pid: pid ?? null, name: comm ?? null, at: hexAddress(vaddr), bytes, backing, by: null, contextOffset },
    ...{ protection: protectionOf(prot), context: contextText(context) },
  };
}
