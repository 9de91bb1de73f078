import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesOf } from './registries.ts';

test('without mirrors the registry itself is asked', () => {
  assert.deepEqual(placesOf('busybox', []), ['docker.io/library/busybox:latest']);
});

test('the catch-all mirror takes the place of every registry’s name', () => {
  const mirrors = [{ prefix: '*', location: '127.0.0.1:5000' }];
  assert.deepEqual(placesOf('registry.example/a/b:1', mirrors), ['127.0.0.1:5000/a/b:1', 'registry.example/a/b:1']);
});

test('the longest prefix is asked first, and prefixes end at whole parts', () => {
  const mirrors = [
    { prefix: 'docker.io', location: 'mirror.example/hub' },
    { prefix: 'docker.io/library', location: 'mirror.example/official' },
    { prefix: 'docker.io/lib', location: 'mirror.example/wrong' },
  ];
  assert.deepEqual(placesOf('docker.io/library/busybox:1', mirrors), [
    'mirror.example/official/busybox:1',
    'mirror.example/hub/library/busybox:1',
    'docker.io/library/busybox:1',
  ]);
});

test('a mirror without fallback is asked alone', () => {
  const mirrors = [{ prefix: '*', location: '127.0.0.1:5000', fallback: false }];
  assert.deepEqual(placesOf('quay.example/x:1', mirrors), ['127.0.0.1:5000/x:1']);
});
