/** What must never go from collecting archives. */
import type { Mutation } from './table.ts';

export const collectMutations: readonly Mutation[] = [
  {
    what: 'collected: an archive that somebody may be writing to is left alone',
    file: 'cli/src/collect/collector.ts',
    find: "if (now < archive.changed + this.#options.settle) return 'waiting';",
    put: '',
    tests: ['cli/src/collect/collector.test.ts'],
  },
  {
    what: 'collected: evidence is made once, whatever fails after it',
    file: 'cli/src/collect/attest.ts',
    find: 'if (known && kept) return',
    put: 'if (known && kept?.length === 0) return',
    tests: ['cli/src/collect/collector.test.ts'],
  },
  {
    what: 'collected: an archive is removed only where the destination still has it',
    file: 'cli/src/collect/retention.ts',
    find: 'if (!archive || !(await this.#isThere(archive))) continue;',
    put: 'if (!archive) continue;',
    tests: ['cli/src/collect/retention.test.ts'],
  },
  {
    what: 'collected: an object in parts replaces no other',
    file: 's3/src/multipart.ts',
    find: "const headers = { 'content-type': 'application/xml', 'if-none-match': '*' };",
    put: "const headers = { 'content-type': 'application/xml' };",
    tests: ['s3/src/s3.test.ts'],
  },
  {
    what: 'collected: a part that the store has is compared with what it should be',
    file: 's3/src/multipart.ts',
    find: 'const same = before?.checksum === checksum && before.size === bytes.length;',
    put: 'const same = before !== undefined;',
    tests: ['s3/src/s3.test.ts'],
  },
  {
    what: 'collected: a lock that the store does not show is an error',
    file: 'cli/src/collect/to-s3.ts',
    find: 'if (wanted.locked && !found.lock)',
    put: 'if (wanted.locked && found.lock === null)',
    tests: ['cli/src/collect/to-s3.test.ts'],
  },
];
