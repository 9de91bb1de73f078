import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rules } from '../rules/index.ts';
import { techniqueName, techniqueUrl } from './techniques.ts';

test('every technique that a rule cites is known by its name: mend export/techniques.ts', () => {
  const cited = new Set(rules.flatMap(({ techniques }) => techniques));
  assert.deepEqual(
    [...cited].filter((id) => techniqueName(id) === id),
    [],
  );
});

test('a sub-technique is described below its technique', () => {
  assert.equal(techniqueUrl('T1059.004'), 'https://attack.mitre.org/techniques/T1059/004/');
  assert.equal(techniqueUrl('T1611'), 'https://attack.mitre.org/techniques/T1611/');
});
