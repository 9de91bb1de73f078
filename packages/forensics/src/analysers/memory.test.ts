import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, readOpenFiles, readProcesses } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import type { NamedPattern } from '../search/pattern.ts';
import { memory } from './memory.ts';

const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/podman-redis.tar', import.meta.url));

async function rowsOf(patterns: readonly NamedPattern[]) {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const processes = await readProcesses(checkpoint.images);
  const open = await readOpenFiles(checkpoint.images, processes);
  const told: Diagnostic[] = [];
  const report = (faults: readonly Diagnostic[]) => void told.push(...faults);
  const context = { checkpoint, processes, open, image: undefined, patterns, signal: undefined, report };
  return { rows: await memory.read(context as Parameters<typeof memory.read>[0]), told };
}

test('rows of a pattern that stands everywhere are bounded, and how many there were is told', async () => {
  const everywhere: NamedPattern = { id: 'everywhere', pattern: { kind: 'literal', bytes: Buffer.from('e') } };
  const card: NamedPattern = { id: 'card', pattern: { kind: 'regex', source: '\\b4(1{15})\\b' } };
  const { rows, told } = await rowsOf([everywhere, card]);
  const of = (id: string) => rows.filter(({ pattern }) => pattern === id);
  assert.equal(of('everywhere').length, 1000);
  assert.ok(of('card').length > 0);
  assert.ok(of('card').every(({ text }) => Buffer.from(text).toString() === '4111111111111111'));
  assert.deepEqual(
    told.map(({ id, severity }) => `${severity} ${id}`),
    ['warning memory-rows-limited'],
  );
  assert.match(told[0]?.message ?? '', /^the pattern everywhere stands in \d{4,} places/);
});

test('without patterns nothing is read', async () => {
  assert.deepEqual(await rowsOf([]), { rows: [], told: [] });
});
