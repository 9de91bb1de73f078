import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { collect, demandSources, pairsOf, parseMount } from './run.ts';

test('a mount is source and path, for writing unless it says ro', () => {
  assert.deepEqual(parseMount('/srv/data:/data'), { hostPath: '/srv/data', containerPath: '/data', readonly: false });
  assert.deepEqual(parseMount('/srv/data:/data:rw'), {
    hostPath: '/srv/data',
    containerPath: '/data',
    readonly: false,
  });
  assert.deepEqual(parseMount('/srv/data:/data:ro'), { hostPath: '/srv/data', containerPath: '/data', readonly: true });
});

test('a relative source is one of the working folder', () => {
  assert.equal(parseMount('data:/data').hostPath, resolve('data'));
  assert.equal(parseMount('./a/../b:/data:ro').hostPath, resolve('b'));
});

test('a source that is not there is refused, and not made', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const [there, missing] = [folder.path, join(folder.path, 'missing')];
  await demandSources([parseMount(`${there}:/data`)]);
  await assert.rejects(demandSources([parseMount(`${there}:/a`), parseMount(`${missing}:/b`)]), {
    code: 'ERR_MOUNT_SOURCE',
    message: new RegExp(missing),
  });
  assert.deepEqual(await readdir(there), []);
});

test('annotations and labels are pairs; a value may hold anything', () => {
  assert.deepEqual(pairsOf('--label', ['a=b', 'io.x/y=c=d', 'e=', 'a=f']), { a: 'f', 'io.x/y': 'c=d', e: '' });
  for (const text of ['', 'a', '=b'])
    assert.throws(() => pairsOf('--label', [text]), { code: 'ERR_USAGE_ARGUMENT', message: /--label/ });
});

test('any other mount is an error of usage', () => {
  for (const text of ['', '/a', '/a:', ':/b', '/a:b', '/a:/b:', '/a:/b:rx', '/a:/b:ro:', '/a:/b:ro,z'])
    assert.throws(() => parseMount(text), { code: 'ERR_USAGE_ARGUMENT' }, text);
});

test('values of a repeated option are gathered in order', () => {
  assert.deepEqual(collect('b', collect('a', [])), ['a', 'b']);
});
