/** The tree and the JSON of the four fixtures against golden files; UPDATE_GOLDEN=1 writes those anew. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, readProcesses } from '@stillframe/checkpoint';
import type { CaptureFacts } from '../capture-facts.ts';
import { renderJson } from '../display/json.ts';
import { styleOf } from '../display/style.ts';
import { renderTree } from '../display/tree.ts';
import { type Inspection, inspect, type ProcessView } from './model.ts';
import { inspectionTable } from './table-view.ts';
import { inspectionTree, type Sections } from './tree-view.ts';

const ALL: Sections = { environment: true, files: true, statistics: true, mounts: true, surroundings: true };
const NO_EVIDENCE: CaptureFacts = { recorded: undefined, digest: 'none', diagnostics: [] };
const { signal } = new AbortController();

async function inspected(name: string, secrets = false, pids?: ReadonlySet<number>): Promise<Inspection> {
  const path = fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
  await using checkpoint = await openCheckpoint(path);
  const all = await readProcesses(checkpoint.images);
  const processes = all.filter(({ pid }) => pids?.has(pid) ?? true);
  const report = () => undefined;
  const found = await inspect(checkpoint, {
    ...{ processes, capture: NO_EVIDENCE, secrets, signal, report, surroundings: 'all' as const },
  });
  return { ...found, archive: { ...found.archive, label: `${name}.tar` } };
}

async function golden(name: string, text: string): Promise<void> {
  const path = fileURLToPath(new URL(`../../fixtures/__golden__/${name}`, import.meta.url));
  if (process.env['UPDATE_GOLDEN'] === '1') {
    await mkdir(fileURLToPath(new URL('.', `file://${path}`)), { recursive: true });
    await writeFile(path, text);
  }
  assert.equal(text, await readFile(path, 'utf8'), name);
}

for (const name of ['crio-counter', 'containerd-counter', 'podman-counter', 'podman-redis']) {
  test(`${name} is shown as its golden files say`, async () => {
    const found = await inspected(name);
    await golden(`${name}.inspect.txt`, renderTree(inspectionTree(found, ALL, styleOf(false))));
    await golden(`${name}.inspect.json`, renderJson('Inspection', 1, found));
  });
}

test('the table is a row a checkpoint, for a list of many', async () => {
  const [heading = '', row = '', ...rest] = inspectionTable(await inspected('crio-counter'))
    .trimEnd()
    .split('\n');
  assert.deepEqual(rest, []);
  assert.match(heading, /^CONTAINER +POD +IMAGE +ID +ENGINE /);
  assert.match(row, /^counter +default\/counters +localhost\/bb:2 +[0-9a-f]{12} +/);
});

test('values of variables that look secret are hidden unless they are asked for', async () => {
  const tree = async (secrets: boolean) =>
    renderTree(inspectionTree(await inspected('crio-counter', secrets), ALL, styleOf(false)));
  assert.match(await tree(false), /TOKEN=<redacted, \d+ characters>/);
  const shown = await tree(true);
  assert.match(shown, /TOKEN=/);
  assert.doesNotMatch(shown, /redacted/);
});

test('naming a process leaves the others out', async () => {
  const [first, second] = (await inspected('podman-counter')).processes;
  assert.ok(first && second);
  const found = await inspected('podman-counter', false, new Set([second.pid]));
  assert.deepEqual(
    found.processes.map(({ pid }) => pid),
    [second.pid],
  );
  assert.match(renderTree(inspectionTree(found, ALL, styleOf(false))), /Processes \(1\)\n/);
});

/** The fixture with processes of these pids and parents in place of its own. */
async function forged(parents: Iterable<[pid: number, ppid: number]>, comm?: string): Promise<Inspection> {
  const found = await inspected('crio-counter');
  const [like] = found.processes;
  assert.ok(like);
  const processes = Array.from(
    parents,
    ([pid, ppid]): ProcessView => ({ ...like, pid, ppid, comm: comm ?? like.comm }),
  );
  return { ...found, processes };
}

const BARE: Sections = { environment: false, files: false, statistics: false, mounts: false, surroundings: false };
const shownPids = (found: Inspection) =>
  [...renderTree(inspectionTree(found, BARE, styleOf(false))).matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1]));

test('processes whose parents form a circle are shown too', async () => {
  const found = await forged([
    [1, 0],
    [10, 12],
    [11, 10],
    [12, 11],
    [20, 20],
  ]);
  assert.deepEqual(
    shownPids(found).sort((a, b) => a - b),
    [1, 10, 11, 12, 20],
  );
});

test('a chain of very many processes is shown in bounded time and space', async () => {
  const length = 20_000;
  const found = await forged(Array.from({ length }, (_, i): [number, number] => [i + 1, i]));
  const text = renderTree(inspectionTree(found, BARE, styleOf(false)));
  assert.equal(text.match(/\[\d+\]/g)?.length, length);
  assert.ok(text.length < 20_000_000, `${text.length} characters`);
});

test('no name of the evidence can act on the terminal', async () => {
  const hostile = '\x1b[2J\r\u202e\n\x9b';
  const found = await forged([[1, 0]], hostile);
  const evil: Inspection = {
    ...found,
    container: { ...found.container, name: hostile, podName: hostile },
    image: { name: hostile, ref: hostile, requested: hostile },
    engine: { name: hostile, version: hostile },
    created: hostile,
    ip: hostile,
    processes: found.processes.map((process) => ({
      ...process,
      executable: hostile,
      workingFolder: hostile,
      arguments: { state: 'present', values: [hostile, `'${hostile}`], partial: false },
      environment: { state: 'present', values: [`A=${hostile}`], partial: false },
      files: [
        { fd: 3, target: { type: 'file', path: hostile, deleted: true } as ProcessView['files'][number]['target'] },
      ],
    })),
    mounts: found.mounts.map((mount) => ({ ...mount, mountpoint: hostile, source: hostile })),
    diagnostics: [{ id: 'x', severity: 'error', source: hostile, message: hostile }],
  };
  const tree = renderTree(inspectionTree(evil, ALL, styleOf(false)));
  assert.doesNotMatch(tree.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
  assert.doesNotMatch(renderJson('Inspection', 1, evil).replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
});

/** Every text replaced, keys too where they are text of the evidence. */
function poisoned<T>(value: T, text: string): T {
  if (typeof value === 'string') return text as T;
  if (Array.isArray(value)) return value.map((item) => poisoned(item, text)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, poisoned(item, text)])) as T;
}

test('no text of the surroundings can act on the terminal either', async () => {
  const hostile = '\x1b[2J\r\u202e\n\x9b';
  const path = fileURLToPath(new URL('../../../checkpoint/fixtures/corpus', import.meta.url));
  await using checkpoint = await openCheckpoint(path);
  const found = await inspect(checkpoint, {
    ...{ processes: [], capture: NO_EVIDENCE, secrets: true, signal, report: () => undefined, surroundings: 'all' },
  });
  const whole = (await inspected('containerd-counter')) as typeof found;
  const { namespaces, network, ipc, cgroups, dump } = found;
  const { mounts, changes, log } = whole;
  const evil = poisoned({ namespaces, network, ipc, cgroups, dump, mounts, changes, log }, hostile);
  // What decides about the layout stays as it is.
  const recorded = { ...evil.changes, state: 'recorded' as const, rows: evil.changes?.rows ?? [], left: 3 };
  const captured = (evil.network ?? []).map((each) => ({ ...each, state: 'captured' as const }));
  const names = { labels: { [hostile]: hostile }, annotations: { [hostile]: hostile }, networkStatus: [] };
  const model: Inspection = { ...whole, ...evil, ...names, changes: recorded, network: captured };
  const tree = renderTree(inspectionTree(model, ALL, styleOf(false)));
  assert.match(tree, /Shared memory \(1\)/);
  assert.doesNotMatch(tree.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
});
