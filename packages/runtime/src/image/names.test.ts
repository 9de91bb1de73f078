import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '@stillframe/core';
import { findByName, idOf, isNamedBy, nameFor } from './names.ts';
import type { ImageRecord } from './record.ts';

const root = digestOf(Buffer.from('index'));
const own = digestOf(Buffer.from('manifest'));
const image: ImageRecord = {
  id: 'a'.repeat(64),
  names: ['docker.io/library/busybox:latest', 'registry.example/busybox:1'],
  repoDigests: [`docker.io/library/busybox@${root}`],
  manifest: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: own, size: 8 },
  size: 1,
  layers: [],
  checkpoint: false,
};
const found = (reference: string) => findByName([image], reference) === image;

test('an image is found by its name in any spelling', () => {
  assert.ok(found('busybox'));
  assert.ok(found('docker.io/library/busybox:latest'));
  assert.ok(found('registry.example/busybox:1'));
  assert.ok(!found('busybox:1'));
  assert.ok(!found('not a name'));
});

test('an image is found by the digest of its index and by that of its own manifest, in its repository only', () => {
  assert.ok(found(`busybox@${root}`));
  assert.ok(found(`busybox@${own}`));
  assert.ok(found(`registry.example/busybox@${own}`));
  assert.ok(!found(`registry.example/busybox2@${own}`));
  assert.ok(!found(`registry.example/other@${root}`));
});

test('where tag and digest are given the digest decides', () => {
  assert.ok(found(`busybox:whatever@${root}`));
  assert.ok(!found(`busybox:latest@${digestOf(Buffer.from('another'))}`));
});

test('six hexadecimal digits or more may be an id', () => {
  assert.equal(idOf('sha256:abcdef0'), 'abcdef0');
  assert.equal(idOf('abcde'), undefined);
  assert.equal(idOf('busybox'), undefined);
});

test('images are pinned by whole names and by beginnings', () => {
  assert.ok(isNamedBy(image, ['busybox']));
  assert.ok(isNamedBy(image, ['registry.example/*']));
  assert.ok(!isNamedBy(image, ['registry.example/bus', 'quay.example/*']));
});

test('of an image with several names the one that was asked for is told', () => {
  for (const [reference, name] of [
    ['registry.example/busybox:1', 'registry.example/busybox:1'],
    ['busybox', 'docker.io/library/busybox:latest'],
    [`busybox@${root}`, `docker.io/library/busybox@${root}`],
    [image.id, 'docker.io/library/busybox:latest'],
    ['/tmp/archive.tar', 'docker.io/library/busybox:latest'],
    ['', 'docker.io/library/busybox:latest'],
  ] as const)
    assert.equal(nameFor(image, reference), name, reference);
  assert.equal(nameFor({ ...image, names: [], repoDigests: [] }, 'busybox'), image.id);
});
