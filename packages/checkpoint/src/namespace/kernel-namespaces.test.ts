import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { userns_entrySchema } from '@stillframe/criu-image/proto';
import { openCheckpoint } from '../checkpoint.ts';
import { corpusImages, imagesOf } from '../corpus.fixture.ts';
import { readKernelNamespaces } from './kernel-namespaces.ts';

test('who is in which namespace, and which are the host’s', async () => {
  const found = await readKernelNamespaces(corpusImages());
  assert.deepEqual(
    found.map(({ nsKind, id, ofDumper, pids }) => `${nsKind} ${id} ${ofDumper ? 'host' : 'own'} ${pids.join()}`),
    [
      ...['pid 9 own 1,6', 'net 10 own 1,6', 'ipc 11 own 1,6', 'uts 12 own 1,6', 'mnt 13 own 1,6'],
      ...['user 7 host 1,6', 'cgroup 8 host 1,6', 'time 5 host 1,6'],
    ],
    'the dead process is in none',
  );
  assert.equal(found.find(({ nsKind }) => nsKind === 'uts')?.uts?.nodeName, 'corpus');
  assert.equal(found.find(({ nsKind }) => nsKind === 'time')?.clocks?.monotonic, 14_935_024_046_068n);
});

test('a pod’s namespaces are joined by a file, and named to CRIU from outside', async () => {
  const path = fileURLToPath(new URL('../../fixtures/containerd-counter.tar', import.meta.url));
  await using checkpoint = await openCheckpoint(path);
  const found = await readKernelNamespaces(checkpoint.images, { spec: checkpoint.spec });
  const net = found.find(({ nsKind }) => nsKind === 'net');
  assert.deepEqual([net?.externalKey, net?.joined, net?.ofDumper], ['extRootNetNS', '/proc/16941/ns/net', false]);
  assert.equal(found.find(({ nsKind }) => nsKind === 'mnt')?.joined, undefined);
});

test('a user namespace has its mappings', async () => {
  const extent = { first: 0, lowerFirst: 100_000, count: 65_536 };
  const bytes = toBinary(userns_entrySchema, create(userns_entrySchema, { uidMap: [extent], gidMap: [] }));
  const head = Uint8Array.of(0x19, 0x43, 0x56, 0x54, 0x06, 0x49, 0x47, 0x55, bytes.length, 0, 0, 0);
  const images = corpusImages({ 'userns-7.img': new Uint8Array([...head, ...bytes]) });
  const user = (await readKernelNamespaces(images)).find(({ nsKind }) => nsKind === 'user');
  assert.deepEqual(user?.userMap, [{ inside: 0, outside: 100_000, count: 65_536 }]);
  assert.deepEqual(user?.groupMap, []);
  assert.deepEqual(images.diagnostics.list, []);
});

test('a set without processes has no namespaces', async () => {
  assert.deepEqual(await readKernelNamespaces(imagesOf({})), []);
});
