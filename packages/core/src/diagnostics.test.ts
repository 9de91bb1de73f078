import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Diagnostic, Diagnostics } from './diagnostics.ts';

const diagnostic = (offset: number): Diagnostic => ({
  id: 'image-truncated',
  severity: 'error',
  source: 'pages-1.img',
  offset,
  message: 'ends early',
});

test('diagnostics are kept in order', () => {
  const found = new Diagnostics();
  assert.equal(found.empty, true);
  found.add(diagnostic(1));
  found.add(diagnostic(2));
  assert.equal(found.empty, false);
  assert.deepEqual(
    found.list.map(({ offset }) => offset),
    [1, 2],
  );
  assert.equal(found.dropped, 0);
});

test('beyond the bound they are only counted, so that hostile evidence costs no memory', () => {
  const found = new Diagnostics();
  for (let i = 0; i < 5000; i += 1) found.add(diagnostic(i));
  assert.equal(found.list.length, 1000);
  assert.equal(found.list.at(-1)?.offset, 999);
  assert.equal(found.dropped, 4000);
});
