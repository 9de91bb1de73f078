/** How a comparison is told: of one container at two times, or of two containers, of which none was before the other. */
import type { ChangeName } from '@stillframe/server/contract';

export interface DiffWords {
  /** The two sides: of columns, and of whose they are. */
  readonly sides: readonly [string, string];
  /** Each change with its word and its sign. */
  readonly changes: readonly (readonly [ChangeName, string, string])[];
  /** What is only counted: `3 more …`. */
  readonly withProcess: string;
}

const OF_TIMES: DiffWords = {
  sides: ['Before', 'After'],
  changes: [
    ['added', 'new', '+'],
    ['removed', 'gone', '−'],
    ['changed', 'changed', '~'],
  ],
  withProcess: 'more came or went with their process.',
};

/** As `stillframe diff --sibling` says it. */
const OF_SIBLINGS: DiffWords = {
  sides: ['First', 'Second'],
  changes: [
    ['added', 'only in the second', '+'],
    ['removed', 'only in the first', '−'],
    ['changed', 'different', '~'],
  ],
  withProcess: 'more are of processes that are only in one of the two.',
};

export function wordsFor(sibling: boolean): DiffWords {
  return sibling ? OF_SIBLINGS : OF_TIMES;
}
