import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { desiredPods } from './desired.ts';
import { ManifestFolders } from './manifest-folder.ts';

const pod = (name: string, image = 'i') =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'c', image }] } });

test('a file that is wrong keeps what it last said; one that is gone says nothing', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  using folders = new ManifestFolders([folder.path], silentLogger, () => undefined);
  const file = (name: string) => join(folder.path, name);
  const pods = async () => {
    await folders.read();
    const { desired } = desiredPods(folders.manifests, 'node');
    return [...desired.values()].map(({ pod: { metadata, spec } }) => `${metadata.name}=${spec.containers[0]?.image}`);
  };
  await writeFile(file('a.yaml'), pod('a'));
  await writeFile(file('b.json'), pod('b'));
  await writeFile(file('.hidden.yaml'), pod('hidden'));
  await writeFile(file('notes.txt'), 'no manifest');
  assert.deepEqual(await pods(), ['a=i', 'b=i']);
  await writeFile(file('a.yaml'), pod('a', 'other').slice(0, 60));
  assert.deepEqual(await pods(), ['a=i', 'b=i']);
  assert.deepEqual(
    folders.faults.map((fault) => fault.file),
    [file('a.yaml')],
  );
  await writeFile(file('a.yaml'), pod('a', 'other'));
  assert.deepEqual(await pods(), ['a=other', 'b=i']);
  assert.deepEqual(folders.faults, []);
  await rm(file('b.json'));
  assert.deepEqual(await pods(), ['a=other']);
  await writeFile(file('c.yaml'), '{');
  await pods();
  assert.ok(folders.isUnknown(file('c.yaml')) && !folders.isUnknown(file('a.yaml')));
});

test('a folder that cannot be read loses nothing, and one that is not there has nothing', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const inner = join(folder.path, 'none');
  using folders = new ManifestFolders([inner], silentLogger, () => undefined);
  await folders.read();
  assert.equal(folders.manifests.size, 0);
  assert.deepEqual(folders.faults, [{ file: inner, reason: 'does not exist' }]);
});

test('of two manifests with one name the first has it, and a pod is another with each content, file and node', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  using folders = new ManifestFolders([folder.path], silentLogger, () => undefined);
  await writeFile(join(folder.path, 'a.yaml'), pod('p'));
  await writeFile(join(folder.path, 'b.yaml'), pod('p', 'other'));
  await folders.read();
  const { desired, clashes } = desiredPods(folders.manifests, 'node');
  assert.equal(desired.size, 1);
  assert.match(clashes[0]?.reason ?? '', /^the pod default\/p stands in .*a\.yaml already$/);
  const [uid = ''] = desired.keys();
  assert.match(uid, /^[0-9a-f]{32}$/);
  assert.deepEqual([...desiredPods(folders.manifests, 'node').desired.keys()], [uid]);
  assert.notDeepEqual([...desiredPods(folders.manifests, 'other').desired.keys()], [uid]);
});
