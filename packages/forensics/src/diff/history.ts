/** Several checkpoints of one container in the order in which they were captured: when something was first there, and last. */
import type { Checkpoint } from '@stillframe/checkpoint';
import type { SignalOptions } from '@stillframe/criu-image';
import { compareCheckpoints } from './compare.ts';
import { answerIn, type Question, questionText, type Sighting } from './question.ts';
import type { DiffRow } from './row.ts';

/** One checkpoint of a history, with the name it is told by. */
export interface Link {
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

/** Links in order, and what is odd about them. */
export interface Ordered<T extends Link> {
  readonly links: readonly T[];
  readonly warnings: readonly string[];
}

/** When a checkpoint was captured, as its engine wrote it: milliseconds since 1970. Undefined where it says nothing. */
function captureTime({ metadata }: Checkpoint): number | undefined {
  const time = Date.parse(metadata.checkpointed ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** Sorts by the time of capture where all say it, else leaves the order as it was given. */
export function inOrderOfCapture<T extends Link>(links: readonly T[]): Ordered<T> {
  const warnings: string[] = [];
  const timed = links.map((link) => ({ link, time: captureTime(link.checkpoint) }));
  const untimed = timed.filter(({ time }) => time === undefined).map(({ link }) => link.name);
  const sorted = untimed.length > 0 ? timed : timed.toSorted((a, b) => (a.time ?? 0) - (b.time ?? 0));
  if (untimed.length > 0)
    warnings.push(`no time of capture in ${untimed.join(', ')}: the order is that which was given`);
  else if (sorted.some((each, i) => each !== timed[i]))
    warnings.push('given out of order: they are told in the order of their capture');
  const ids = new Set(links.map(({ checkpoint }) => checkpoint.metadata.container.id).filter((id) => id !== undefined));
  if (ids.size > 1) warnings.push(`of ${ids.size} different containers`);
  return { links: sorted.map(({ link }) => link), warnings };
}

/** Something that was asked for, and the checkpoints that have it: indices into the links. */
export interface HistoryRow {
  readonly question: string;
  /** Undefined where no checkpoint has any of it. */
  readonly item: string | undefined;
  readonly in: readonly number[];
  /** Where it is in the first of them. */
  readonly sighting: Sighting | undefined;
}

/** Asks every question of every checkpoint: a row an item, in the order of the questions and of the first time. */
export async function askHistory(
  links: readonly Link[],
  questions: readonly Question[],
  options: SignalOptions = {},
): Promise<readonly HistoryRow[]> {
  const found = questions.map(() => new Map<string, { in: number[]; sighting: Sighting }>());
  for (const [index, { checkpoint }] of links.entries()) {
    const answers = await answerIn(checkpoint, questions, options);
    for (const [i, sightings] of answers.entries()) {
      for (const sighting of sightings) {
        const known = found[i]?.get(sighting.item);
        if (known) known.in.push(index);
        else found[i]?.set(sighting.item, { in: [index], sighting });
      }
    }
  }
  return questions.flatMap((asked, i): readonly HistoryRow[] => {
    const question = questionText(asked);
    const items = [...(found[i] ?? [])].map(([item, rest]) => ({ question, item, ...rest }));
    return items.length > 0 ? items : [{ question, item: undefined, in: [], sighting: undefined }];
  });
}

/** What appeared from one checkpoint to the next. */
export interface Step {
  /** Index of the later one. */
  readonly to: number;
  readonly rows: readonly DiffRow[];
}

const APPEARS: ReadonlySet<string> = new Set(['processes', 'files', 'sockets', 'mounts', 'rootfs', 'findings']);

/** Yields for each checkpoint but the first what is new in it; memory is not compared. */
export async function* historySteps(
  links: readonly Link[],
  options: SignalOptions = {},
): AsyncGenerator<Step, void, undefined> {
  for (const [index, { checkpoint }] of links.entries()) {
    const before = links[index - 1];
    if (!before) continue;
    const diff = await compareCheckpoints(before.checkpoint, checkpoint, { memory: false, signal: options.signal });
    yield { to: index, rows: [...diff.rows()].filter(appears) };
  }
}

/** Of what changed only paths count, and of these not what has another time alone, as every folder has in which something is new. */
function appears({ table, change, withProcess, after = {} }: DiffRow): boolean {
  if (!APPEARS.has(table) || withProcess) return false;
  return change === 'added' || (table === 'rootfs' && change === 'changed' && Object.keys(after).join() !== 'modified');
}
