/** Of the search: what must never go. */
import type { Mutation } from './table.ts';

export const searchMutations: readonly Mutation[] = [
  {
    what: 'a match that reaches into a block is no begin of others in it',
    file: 'forensics/src/search/settle.ts',
    find: 'before.at + by + before.bytes <= at',
    put: 'before.at + by < at',
    tests: ['forensics/src/search/scan-memory-properties.test.ts'],
  },
  {
    what: 'a match never spans a gap',
    file: 'forensics/src/search/runs.ts',
    find: 'growing.end !== run.vaddr || ',
    put: '',
    tests: ['forensics/src/search/scan-memory.test.ts'],
  },
  {
    what: 'bytes of another block are no match where some could not be read',
    file: 'forensics/src/search/block.ts',
    find: 'const views = short < 0 ? asked : clipped(asked, reads, lengths);',
    put: 'const views = asked;',
    tests: ['forensics/src/search/search-ends.test.ts'],
  },
  {
    what: 'a thread that fails is an error of the search',
    file: 'forensics/src/search/threads.ts',
    find: 'else pending?.reject(errorOf(answer.error));',
    put: 'else pending?.resolve({ hits: [], contexts: new Uint8Array(0), views: [], missing: undefined });',
    tests: ['forensics/src/search/search-ends.test.ts'],
  },
];
