import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alterationsOf, refuseAlterations } from './alterations.ts';

const PREFIX = 'io.stillframe.restore/';

test('a copy is a true one unless the request says otherwise', () => {
  const nothing = { scrubTokens: false, environment: new Map() };
  assert.deepEqual(alterationsOf({}), nothing);
  assert.deepEqual(alterationsOf({ [`${PREFIX}volumes`]: 'apply', [`${PREFIX}scrub-tokens`]: 'false' }), nothing);
  refuseAlterations({ other: 'x' });
});

test('what is to be changed is read, and refused for a container that is no copy', () => {
  const annotations = { [`${PREFIX}scrub-tokens`]: 'true', [`${PREFIX}set-env`]: '{"A":"1","B":""}' };
  const environment = new Map([
    ['A', '1'],
    ['B', ''],
  ]);
  assert.deepEqual(alterationsOf(annotations), { scrubTokens: true, environment });
  assert.throws(() => refuseAlterations(annotations), { code: 'ERR_CONTAINER_INVALID' });
});

test('what is not understood is refused', () => {
  const wrong: Record<string, string>[] = [
    { [`${PREFIX}scrub-tokens`]: 'yes' },
    { [`${PREFIX}scrub-token`]: 'true' },
    ...['', 'A=1', '[]', '["A=1"]', '{"A":1}', 'null', '"A"'].map((text) => ({ [`${PREFIX}set-env`]: text })),
    { 'io.stillframe.altered': '' },
  ];
  for (const annotations of wrong) {
    assert.throws(() => alterationsOf(annotations), { code: 'ERR_CONTAINER_INVALID' }, JSON.stringify(annotations));
  }
});
