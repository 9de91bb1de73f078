import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, parseMount } from './run.ts';

test('a mount is source and path, for writing unless it says ro', () => {
  assert.deepEqual(parseMount('/srv/data:/data'), { hostPath: '/srv/data', containerPath: '/data', readonly: false });
  assert.deepEqual(parseMount('/srv/data:/data:rw'), {
    hostPath: '/srv/data',
    containerPath: '/data',
    readonly: false,
  });
  assert.deepEqual(parseMount('/srv/data:/data:ro'), { hostPath: '/srv/data', containerPath: '/data', readonly: true });
});

test('any other mount is an error of usage', () => {
  for (const text of [
    '',
    '/a',
    '/a:',
    ':/b',
    'a:/b',
    '/a:b',
    '/a:/b:',
    '/a:/b:rx',
    '/a:/b:ro:',
    '/a:/b:ro,z',
    './a:/b',
  ])
    assert.throws(() => parseMount(text), { code: 'ERR_USAGE_ARGUMENT' }, text);
});

test('values of a repeated option are gathered in order', () => {
  assert.deepEqual(collect('b', collect('a', [])), ['a', 'b']);
});
