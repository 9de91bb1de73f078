/** Rows of a forger: very many, in shapes that make every careless join meet everything with everything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileRow } from '../analysers/files.ts';
import type { Tables } from '../analysers/index.ts';
import type { MappingRow } from '../analysers/mappings.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import { processRow } from '../rules/tables.fixture.ts';
import { mappingRows } from './mapping-rows.ts';
import { pairProcesses } from './process-pairs.ts';
import { type Comparison, environmentRows, fileRows, processRows } from './process-rows.ts';
import { socketRows } from './socket-rows.ts';

const MANY = 40_000;
/** Of the processor, which no way that meets each with each would do with. */
const SECONDS = 20;

/** Each is the child of the one before; the first of the last. */
function circle(name: string): readonly ProcessRow[] {
  return Array.from({ length: MANY }, (_, i) =>
    processRow({ pid: i + 1, ppid: i === 0 ? MANY : i, name: `${name}${i % 10}`, environment: ['A=1'] }),
  );
}

function tablesOf(processes: readonly ProcessRow[]): Tables {
  const target = { type: 'eventfd', counter: 1n } as const;
  const files: FileRow[] = processes.map(({ pid }) => ({
    ...{ pid, fd: 1, closeOnExec: false, fileId: pid, target, flags: 0, position: undefined, owner: undefined },
  }));
  // All of one process, each over all others.
  const mappings: MappingRow[] = Array.from({ length: 20_000 }, (_, i) => ({
    ...{
      pid: 1,
      start: BigInt(i) * 4096n,
      end: 1n << 46n,
      prot: i % 8,
      shared: false,
      offset: 0n,
      backing: `${i % 3}`,
    },
    ...{ deleted: false, captured: 0n, zero: 0n, absent: {}, anonymousCode: false, head: undefined },
  }));
  return { processes, files, mappings, sockets: [] } as unknown as Tables;
}

for (const sibling of [false, true]) {
  test(`forty thousand processes${sibling ? ' of siblings' : ''} take seconds`, () => {
    const begin = process.cpuUsage();
    const [before, after] = [tablesOf(circle('a')), tablesOf(circle('b'))];
    const processes = pairProcesses(before.processes, after.processes, sibling);
    const comparison: Comparison = { before, after, processes, sibling, skip: () => assert.fail() };
    let rows = 0;
    for (const make of [processRows, fileRows, mappingRows, environmentRows, socketRows])
      for (const _row of make(comparison)) rows += 1;
    assert.ok(rows > 0);
    const seconds = process.cpuUsage(begin).user / 1e6;
    assert.ok(seconds < SECONDS, `${seconds} s`);
  });
}
