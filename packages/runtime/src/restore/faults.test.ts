import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, type WriterEntry, writeArchive } from '@stillframe/checkpoint';
import type { Diagnostic, LogFields } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { demandRestorable, keptFaults, logFaults } from './faults.ts';

const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

/** The fixture without the files whose names match, and with others in their place, handed to `use`. */
async function changed(lost: RegExp, more: Record<string, string>, use: (path: string) => Promise<void>) {
  await using folder = await openTemporaryFolder(tmpdir());
  await using whole = await openCheckpoint(FIXTURE);
  const kept = [...whole.archive.entries.values()].filter(({ name, kind }) => kind === 'file' && !lost.test(name));
  const entries: WriterEntry[] = [
    ...kept.map(({ name }) => ({ name, mode: 0o600, body: whole.archive.open(name) })),
    ...Object.entries(more).map(([name, text]) => ({ name, mode: 0o600, body: new TextEncoder().encode(text) })),
  ];
  const path = join(folder.path, 'changed.tar');
  await writeArchive(path, entries, { mtime: 0 });
  await use(path);
}

/** A spec.dump that is sound but for `fields`. */
function specWith(fields: object) {
  return { 'spec.dump': JSON.stringify({ process: { args: ['sh'] }, root: { path: '/' }, mounts: [], ...fields }) };
}

async function judge(path: string): Promise<string> {
  await using checkpoint = await openCheckpoint(path);
  try {
    demandRestorable('a.tar', checkpoint);
    return 'restored';
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error);
    assert.equal(error.code, 'ERR_RESTORE_ARCHIVE');
    return error.message;
  }
}

test('a sound archive of any engine may be restored', async () => {
  for (const name of ['crio-counter', 'containerd-counter', 'podman-counter', 'podman-redis'])
    assert.equal(await judge(FIXTURE.replace('crio-counter', name)), 'restored', name);
  await changed(/^spec\.dump$/, specWith({}), async (path) => assert.equal(await judge(path), 'restored'));
});

test('an archive of which the copy would be another container is refused, and why is said', async () => {
  for (const [lost, more, reason] of [
    [/^spec\.dump$/, {}, /has no spec\.dump/],
    [/^spec\.dump$/, { 'spec.dump': '{"process": ' }, /spec\.dump ends too early|spec\.dump is not JSON/],
    [/^spec\.dump$/, { 'spec.dump': '[]' }, /spec\.dump is no JSON object/],
    [/^spec\.dump$/, { 'spec.dump': '{}' }, /spec\.dump has no process with arguments/],
    [/^spec\.dump$/, { 'spec.dump': '{"process":{}}' }, /spec\.dump has no process with arguments/],
    [/^spec\.dump$/, specWith({ process: 7 }), /spec\.dump:process: the document is not an object/],
    [/^spec\.dump$/, specWith({ process: { args: 'sh' } }), /spec\.dump:process: args is not a list/],
    [/^spec\.dump$/, specWith({ process: { args: ['sh', 7] } }), /args is not a list of texts/],
    [/^spec\.dump$/, specWith({ process: { args: ['sh'], env: { A: 'b' } } }), /env is not a list/],
    [/^spec\.dump$/, specWith({ mounts: 'all' }), /mounts is not a list/],
    [/^spec\.dump$/, specWith({ mounts: ['/proc'] }), /mounts\[0\]: the document is not an object/],
    [/^spec\.dump$/, specWith({ mounts: [{ destination: 1 }] }), /mounts\[0\]: destination is not text/],
    [/^spec\.dump$/, specWith({ root: [] }), /spec\.dump:root: the document is not an object/],
    [/^deleted\.files$/, { 'deleted.files': '{"a"' }, /deleted\.files/],
    [/^deleted\.files$/, { 'deleted.files': '"/etc"' }, /deleted\.files: paths is not a list/],
    [/^config\.dump$/, { 'config.dump': 'x' }, /config\.dump is not JSON/],
    [/pages-\d+\.img$/, {}, /no complete CRIU image set \(pages-\*\.img missing\)/],
    [/(pstree|inventory)\.img$/, {}, /inventory\.img, pstree\.img missing/],
  ] as const)
    await changed(lost, more, async (path) => assert.match(await judge(path), reason));
});

test('paths that climb out of the container are left out and told, and the rest is restored', async () => {
  const list = JSON.stringify(['/../../etc/passwd', '/srv/gone']);
  await changed(/^deleted\.files$/, { 'deleted.files': list }, async (path) => {
    assert.equal(await judge(path), 'restored');
    await using checkpoint = await openCheckpoint(path);
    const lines: LogFields[] = [];
    logFaults(
      { log: (_level, _message, fields = {}) => lines.push(fields) },
      'id',
      keptFaults(checkpoint.diagnostics()),
    );
    assert.deepEqual(
      lines.map(({ containerID, fault, source }) => [containerID, fault, source]),
      [['id', 'deleted-file-unsafe', 'deleted.files']],
    );
  });
});

test('what is kept is harmless, told once, and bounded', () => {
  const fault = (message: string): Diagnostic => ({ id: 'x', severity: 'warning', source: 'a\u001b', message });
  assert.deepEqual(keptFaults([fault('b\n'), fault('b\n'), { ...fault('c'), severity: 'info' }]), [
    { id: 'x', severity: 'warning', source: 'a\\x1b', message: 'b\\n' },
  ]);
  const many = keptFaults(Array.from({ length: 1000 }, (_, i) => fault(`${i}${'z'.repeat(5000)}`)));
  assert.equal(many.length, 51);
  assert.equal(many.at(-1)?.message, '950 more faults are not listed');
  assert.ok(JSON.stringify(many).length < 50_000);
});
