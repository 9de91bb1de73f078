import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toldDetails } from './told-details.ts';

test('commands within details lose what looks secret; all else stays', () => {
  const details = {
    ...{ command: 'psql --password=hunter2 postgres://ada:pw@db/x', path: '/tmp/a b', count: 3, address: 1n << 60n },
    list: [{ value: 'TOKEN=abc' }, undefined],
  };
  assert.deepEqual(toldDetails(details), {
    command: 'psql --password=<redacted, 7 characters> postgres://ada:<redacted, 2 characters>@db/x',
    ...{ path: '/tmp/a b', count: 3, address: '1152921504606846976' },
    list: [{ value: 'TOKEN=<redacted, 3 characters>' }, undefined],
  });
});
