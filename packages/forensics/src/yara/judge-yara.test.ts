import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckpoint, tarSource } from '@stillframe/checkpoint';
import { VmaStatus } from '@stillframe/criu-image';
import { analyse } from '../analyse.ts';
import { referenceText } from '../reference.ts';
import { type MadeProcess, type MadeSegment, madeFiles, PAGE } from '../search/memory.fixture.ts';
import { MATCHES, type YaraMatch, type YaraRules } from './engine.ts';
import { judgeYara } from './judge-yara.ts';

/** What is found by so many rules that match at the beginning of each of these many pieces of what is looked at. */
async function judged(
  pieces: number,
  processes: readonly MadeProcess[],
  { segments = [], count = 1 }: { segments?: readonly MadeSegment[]; count?: number } = {},
) {
  const entries = [...madeFiles(processes, segments)].map(([name, body]) => ({
    ...{ name: `checkpoint/${name}`, mode: 0o600, body },
  }));
  const config = { name: 'config.dump', mode: 0o600, body: Buffer.from('{"id":"made"}') };
  await using checkpoint = await openCheckpoint(tarSource([config, ...entries], { mtime: 0 }));
  const rules: YaraRules = {
    async scan({ length }) {
      const strings = Array.from({ length: pieces }, (_, i) => ({
        ...{ identifier: '$a', offset: Math.floor((i * length) / pieces), bytes: 1 },
      }));
      const named = (rule: string): YaraMatch => ({ rule, namespace: 'own.yar', tags: [], meta: {}, strings });
      return Array.from({ length: count }, (_, i) => named(`word${i}`));
    },
  };
  const { tables } = await analyse(checkpoint, { rules: [], memory: false });
  return await judgeYara(checkpoint, rules, { tables, memory: true, signal: undefined });
}

const page = (from: number) => ({ from, bytes: new Uint8Array(PAGE).fill(7) });

test('of very many matches some places are kept, all are counted, and what YARA-X left out is told', async () => {
  const vmas = [{ from: 16, pages: 1 }];
  const few = await judged(1000, [{ pid: 7, vmas, runs: [page(16)] }]);
  assert.equal(few.findings[0]?.references.length, 64);
  assert.equal(few.findings[0]?.details?.['matches'], 1000);
  assert.deepEqual(few.diagnostics, []);
  const many = await judged(MATCHES, [{ pid: 7, vmas: [{ from: 16, pages: 8 }], runs: [16, 17, 18].map(page) }]);
  assert.equal(many.findings.length, 1);
  assert.match(many.diagnostics[0]?.message ?? '', /yara-own-word0/);
});

test('more findings than are kept are told, and so are mappings larger than a window', async () => {
  const one = { pid: 7, vmas: [{ from: 16, pages: 1 }], runs: [page(16)] };
  const { findings, diagnostics } = await judged(1, [one], { count: 10_003 });
  assert.equal(findings.length, 10_000);
  assert.match(diagnostics[0]?.message ?? '', /^3 more matches/);
  const far = { pid: 7, vmas: [{ from: 16, pages: 1 << 20 }], runs: [page(16), page(1 << 19)] };
  const [told] = (await judged(1, [far])).diagnostics;
  assert.match(told?.message ?? '', /^1 mappings or files are larger than a window/);
});

test('two memfds of one name are two findings, each where somebody has it', async () => {
  const vma = { pages: 1, status: VmaStatus.FILE_SHARED };
  const vmas = [
    { ...vma, from: 16, shmid: 21 },
    { ...vma, from: 32, shmid: 22 },
  ];
  const segments = [
    { id: 3, memfd: 21, runs: [page(0)] },
    { id: 4, memfd: 22, runs: [page(0)] },
  ];
  const { findings } = await judged(1, [{ pid: 7, vmas, runs: [] }], { segments });
  const ofFiles = findings.filter(({ summary }) => summary.startsWith('memfd jit'));
  assert.equal(new Set(ofFiles.map(({ id }) => id)).size, 2);
  assert.deepEqual(ofFiles.map(({ references: [first] }) => referenceText(first)).sort(), [
    ...['mapping/7/0x10000-0x11000', 'mapping/7/0x20000-0x21000'],
  ]);
});
