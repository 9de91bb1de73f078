/** A search through the memory of the checkpoint by YARA rules that were posted: each text of a rule that matches is a line. */
import { hexAddress } from '@stillframe/core';
import { type PlacedMatch, scanYara } from '@stillframe/forensics';
import { deskError } from '../errors.ts';
import type { Call, PostedRoute } from './route.ts';
import { CONTEXT, contextText, type MatchLine, protectionOf, searchLines } from './search-lines.ts';

/** Characters of rules. */
const MOST_RULES = 256 << 10;
/** What faults call them. */
const NAME = 'rules';
/** Bytes that are judged in one go, and held here meanwhile. */
const WINDOW = 32 << 20;
/** Bytes of a match that are shown, and matches of one rule in one window. */
const [SHOWN, MOST_PLACES] = [64, 200];

/** What is asked is judged before the answer begins; what the rules are, in its last line. */
export const yara: PostedRoute<'yara'> = (call) => {
  const text = call.question.longText('rules', MOST_RULES);
  if (text.trim() === '') throw deskError('ERR_DESK_QUESTION', 'there are no rules to search by');
  const pid = call.question.number('pid');
  const told: { note: string | null } = { note: null };
  return searchLines(
    call,
    (onProgress) => ({ matches: matchesOf(call, { text, pid, told, onProgress }), note: () => told.note }),
    placeOf,
  );
};

interface Asked {
  readonly text: string;
  readonly pid: number;
  readonly told: { note: string | null };
  readonly onProgress: (done: number, total: number) => void;
}

async function* matchesOf(
  { one, yara: desk, signal }: Call,
  { text, pid, told, onProgress }: Asked,
): AsyncGenerator<MatchLine, void, undefined> {
  await using rules = await desk.start({ name: NAME, text }, signal);
  const { processes, mappings } = (await one.analysis(false)).tables;
  const chosen = pid === 0 ? mappings : mappings.filter((row) => row.pid === pid);
  const what = { tables: { processes, mappings: chosen }, memory: true, files: false };
  for await (const match of scanYara(one.checkpoint, rules, { ...what, window: WINDOW, onProgress, signal })) {
    if (match.place.kind === 'memory') yield* linesOf(match, match.place, one);
  }
  const [slow] = rules.diagnostics;
  if (slow) told.note = 'the rules take too long over a part of memory; what is behind it was not searched';
}

async function* linesOf(
  { rule, references, strings }: PlacedMatch,
  { pid, name }: Extract<PlacedMatch['place'], { kind: 'memory' }>,
  one: Call['one'],
): AsyncGenerator<MatchLine, void, undefined> {
  const { mappings } = (await one.analysis(false)).tables;
  const space = await one.space(pid);
  for (const [at, reference] of references.slice(0, MOST_PLACES).entries()) {
    if (reference.kind !== 'memory' && reference.kind !== 'mapping') continue;
    const [address, bytes] = reference.kind === 'memory' ? [reference.address, reference.bytes] : [reference.start, 0];
    const row = mappings.find((each) => each.pid === pid && address >= each.start && address < each.end);
    const before = Number(address - (row?.start ?? address));
    const contextOffset = Math.min(CONTEXT, before);
    const context = new Uint8Array(contextOffset + Math.min(bytes, SHOWN) + CONTEXT);
    // Of a rule without a text there is no place to show.
    if (bytes > 0) await space.read(address - BigInt(contextOffset), context);
    const identifier = strings[at]?.identifier;
    yield {
      kind: 'match',
      ...{ pid, name: name ?? null, at: hexAddress(address), bytes, contextOffset },
      ...{ protection: protectionOf(row?.prot ?? 0), backing: row?.backing ?? 'unknown' },
      by: identifier === undefined ? rule : `${rule} ${identifier}`,
      context: bytes > 0 ? contextText(context) : '',
    };
  }
}

/** The line and column that a fault of rules begins with. */
function placeOf(message: string): { line: number; column: number } | null {
  const [, line, column] = /^rules:(\d{1,7}):(\d{1,7}): /.exec(message) ?? [];
  return line === undefined ? null : { line: Number(line), column: Number(column) };
}
