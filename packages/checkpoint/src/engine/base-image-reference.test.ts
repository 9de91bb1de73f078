import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseImageReference } from './base-image-reference.ts';

const id = 'a'.repeat(64);
const reference = (ref?: string, name?: string, requested?: string) =>
  baseImageReference({ image: { ref, name, requested } });

test('a base image is pulled by digest, else by name, never by an id', () => {
  assert.equal(reference(`r.example/i@sha256:${id}`, 'r.example/i:v1', id), `r.example/i@sha256:${id}`);
  assert.equal(reference(id, 'r.example/i:v1', id), 'r.example/i:v1', 'CRI-O under a kubelet');
  assert.equal(reference(`sha256:${id}`, undefined, 'r.example/i:v1'), 'r.example/i:v1');
  assert.equal(reference(id, undefined, `sha256:${id}`), undefined);
  assert.equal(reference(), undefined);
});
