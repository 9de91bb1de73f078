import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from '@stillframe/core';
import { distinct, tellDiagnostics } from './diagnostics.ts';

const fault = (message: string, severity: Diagnostic['severity'] = 'warning'): Diagnostic => ({
  id: 'tar-name-unsafe',
  severity,
  source: 'a.tar',
  message,
});

function told(found: readonly Diagnostic[]): string {
  const parts: string[] = [];
  tellDiagnostics({ err: (text) => parts.push(text) }, found);
  return parts.join('');
}

test('faults are told one a line, errors first, and nothing of them reaches the terminal raw', () => {
  assert.equal(told([]), '');
  assert.equal(
    told([fault('b\u001b[2J'), { ...fault('c', 'error'), offset: 7 }, fault('d', 'info')]),
    'error: a.tar at byte 7: c  [tar-name-unsafe]\nwarning: a.tar: b\\x1b[2J  [tar-name-unsafe]\n',
  );
});

test('thousands are counted, not printed', () => {
  const lines = told(Array.from({ length: 1000 }, (_, i) => fault(String(i)))).split('\n');
  assert.equal(lines.length, 22);
  assert.match(lines[20] ?? '', /^980 more faults/);
});

test('what a runtime tells again in harmless words is the same fault', () => {
  const raw = fault('a\nb');
  assert.deepEqual(distinct([raw, fault('a\\nb'), fault('c')]), [raw, fault('c')]);
});
