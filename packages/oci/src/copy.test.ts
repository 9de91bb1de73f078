import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { putSmallImage } from './content.suite.ts';
import { CopyError, copyImage } from './copy.ts';
import { Layout } from './layout/index.ts';

test('what the system refused a copy is told in words, with what to do', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const from = await Layout.create(join(folder.path, 'from'));
  const to = await Layout.create(join(folder.path, 'to'));
  const { descriptor } = (await putSmallImage(from, 'v1')).image.manifest;
  await rm(join(to.path, 'blobs/sha256'), { recursive: true });
  await writeFile(join(to.path, 'blobs/sha256'), 'in the way');
  await assert.rejects(copyImage(from, to, descriptor), (error) => {
    assert.ok(error instanceof CopyError);
    assert.match(error.message, /^target of the copy: .* leads through something that is no folder$/);
    assert.ok(error.hint);
    return true;
  });
  const full = new CopyError(
    'target',
    Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' }),
  );
  assert.match(full.message, /no room left on its filesystem/);
  assert.equal(full.kind, 'resource-exhausted');
});
