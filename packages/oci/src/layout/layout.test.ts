import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, lutimes, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { hexOf } from '@stillframe/core';
import { acquireLock, openTemporaryFolder } from '@stillframe/core/file';
import { chunked, collect, contentStoreSuite, describeBytes, putSmallImage } from '../content.suite.ts';
import { copyImage } from '../copy.ts';
import { mediaTypes } from '../descriptor.ts';
import { referrersSuite } from '../referrers.suite.ts';
import { Layout } from './layout.ts';

async function openScratch() {
  const folder = await openTemporaryFolder(tmpdir(), 'layout');
  const path = join(folder.path, 'image');
  const store = await Layout.create(path);
  return { store, path, folder: folder.path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

contentStoreSuite('an image layout', openScratch);
referrersSuite('an image layout', openScratch);

describe('a copy with what is said about it', () => {
  it('refuses more than a thousand of these, tells so, and leaves the image itself in place', async () => {
    await using from = await openScratch();
    await using to = await openScratch();
    const { descriptor } = (await putSmallImage(from.store, 'v1')).image.manifest;
    from.store.referrers = async () => Array(1001).fill(descriptor);
    const copied = copyImage(from.store, to.store, descriptor, { tag: 'v1', referrers: true });
    await assert.rejects(copied, { code: 'ERR_OCI_COPY_FAILED', side: 'source', message: /1001 manifests are about/ });
    assert.equal((await to.store.resolve('v1')).digest, descriptor.digest);
  });
});

describe('an image layout on disk', () => {
  it('has the files that the specification asks for, readable by their owner alone', async () => {
    await using scratch = await openScratch();
    const { image } = await putSmallImage(scratch.store, 'v1');
    assert.deepEqual(JSON.parse(await readFile(join(scratch.path, 'oci-layout'), 'utf8')), {
      imageLayoutVersion: '1.0.0',
    });
    const index = JSON.parse(await readFile(join(scratch.path, 'index.json'), 'utf8'));
    assert.equal(index.manifests[0].annotations['org.opencontainers.image.ref.name'], 'v1');
    const blob = join(scratch.path, 'blobs/sha256', hexOf(image.manifest.descriptor.digest));
    assert.equal((await stat(blob)).mode & 0o777, 0o600);
  });

  it('leaves no temporary file and no lock after success or failure', async () => {
    await using scratch = await openScratch();
    await putSmallImage(scratch.store, 'v1');
    const bytes = randomBytes(100);
    await assert.rejects(scratch.store.push(describeBytes(bytes), chunked(bytes.subarray(1))));
    const names = await readdir(scratch.path, { recursive: true });
    assert.deepEqual(
      names.filter((name) => name.includes('.stillframe-')),
      [],
    );
  });

  it('lists an untagged image once, and an image in an index not by itself', async () => {
    await using scratch = await openScratch();
    const { image } = await putSmallImage(scratch.store);
    const { bytes } = image.manifest;
    await scratch.store.putManifest(bytes, mediaTypes.manifest);
    assert.equal((await scratch.store.entries()).length, 1);
    const other = Buffer.from(`${Buffer.from(bytes)}\n`);
    await scratch.store.putManifest(other, mediaTypes.manifest, { child: true });
    assert.equal((await scratch.store.entries()).length, 1);
  });

  it('keeps members and entries of index.json that it does not know', async () => {
    await using scratch = await openScratch();
    const path = join(scratch.path, 'index.json');
    const strange = { mediaType: 'x/y', digest: `sha512:${'0'.repeat(128)}`, size: 1, data: 'QQ==' };
    await writeFile(path, JSON.stringify({ schemaVersion: 2, manifests: [strange], 'org.example.kept': true }));
    await putSmallImage(scratch.store, 'v1');
    const index = JSON.parse(await readFile(path, 'utf8'));
    assert.deepEqual(index.manifests[0], strange);
    assert.equal(index['org.example.kept'], true);
    assert.equal((await scratch.store.entries()).length, 1);
  });

  it('takes a tag away', async () => {
    await using scratch = await openScratch();
    await putSmallImage(scratch.store, 'v1');
    assert.equal(await scratch.store.untag('v1'), true);
    assert.equal(await scratch.store.untag('v1'), false);
    await assert.rejects(scratch.store.resolve('v1'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
  });

  it('finds damage when a blob is streamed', async () => {
    await using scratch = await openScratch();
    const bytes = randomBytes(3_000_000);
    const descriptor = describeBytes(bytes);
    await scratch.store.push(descriptor, chunked(bytes, 65_536));
    const path = join(scratch.path, 'blobs/sha256', hexOf(descriptor.digest));
    const damaged = Buffer.from(bytes);
    damaged[2_999_999] = (damaged[2_999_999] ?? 0) ^ 0x80;
    await writeFile(path, damaged);
    await assert.rejects(collect(scratch.store.stream(descriptor)), { code: 'ERR_OCI_CONTENT_WRONG' });
    await writeFile(path, damaged.subarray(1));
    assert.equal(await scratch.store.has(descriptor), false);
    await scratch.store.push(descriptor, chunked(bytes));
    assert.equal((await collect(scratch.store.stream(descriptor))).length, bytes.length);
  });
});

describe('linkBlob', () => {
  it('makes a finished file a blob without copying it', async () => {
    await using scratch = await openScratch();
    const bytes = randomBytes(10_000);
    const descriptor = describeBytes(bytes);
    const path = join(scratch.folder, 'layer.tar');
    await writeFile(path, bytes);
    assert.equal(await scratch.store.linkBlob(path, descriptor), 'linked');
    assert.equal((await stat(path)).nlink, 2);
    assert.equal(await scratch.store.linkBlob(path, descriptor), 'present');
    assert.equal((await collect(scratch.store.stream(descriptor))).length, bytes.length);
  });

  it('copies where the file lies on another filesystem', async () => {
    await using scratch = await openScratch();
    await using far = await openTemporaryFolder(farFolder(), 'far');
    const bytes = randomBytes(10_000);
    const path = join(far.path, 'layer.tar');
    await writeFile(path, bytes);
    const way = (await stat(path)).dev === (await stat(scratch.path)).dev ? 'linked' : 'copied';
    assert.equal(await scratch.store.linkBlob(path, describeBytes(bytes), { digestKnown: true }), way);
    assert.equal((await collect(scratch.store.stream(describeBytes(bytes)))).length, bytes.length);
  });

  it('refuses a file of another size or content, and a link', async () => {
    await using scratch = await openScratch();
    const bytes = randomBytes(100);
    const path = join(scratch.folder, 'file');
    await writeFile(path, bytes.subarray(1));
    const link = (options = {}) => scratch.store.linkBlob(path, describeBytes(bytes), options);
    await assert.rejects(link({ digestKnown: true }), { code: 'ERR_OCI_CONTENT_SHORT' });
    await writeFile(path, randomBytes(100));
    await assert.rejects(link(), { code: 'ERR_OCI_CONTENT_WRONG' });
    await writeFile(join(scratch.folder, 'other'), bytes);
    await rm(path);
    await symlink('other', path);
    await assert.rejects(link(), { code: 'ERR_OCI_LAYOUT_INVALID' });
    assert.equal(await scratch.store.has(describeBytes(bytes)), false);
  });
});

describe('a hostile layout', () => {
  it('is refused where its blobs folder leads outside', async () => {
    await using scratch = await openScratch();
    await rename(join(scratch.path, 'blobs'), join(scratch.folder, 'outside'));
    await symlink('../outside', join(scratch.path, 'blobs'));
    await assert.rejects(Layout.open(scratch.path), { code: 'ERR_OCI_LAYOUT_INVALID' });
  });

  it('cannot give a link for a blob or for its index', async () => {
    await using scratch = await openScratch();
    const bytes = randomBytes(100);
    const descriptor = describeBytes(bytes);
    await writeFile(join(scratch.folder, 'secret'), bytes);
    await symlink('../../../secret', join(scratch.path, 'blobs/sha256', hexOf(descriptor.digest)));
    await assert.rejects(scratch.store.open(descriptor), { code: 'ERR_OCI_LAYOUT_INVALID' });
    await assert.rejects(collect(scratch.store.stream(descriptor)), { code: 'ERR_OCI_LAYOUT_INVALID' });
    await assert.rejects(scratch.store.manifest(descriptor), { code: 'ERR_OCI_LAYOUT_INVALID' });
    await rm(join(scratch.path, 'index.json'));
    await symlink('../secret', join(scratch.path, 'index.json'));
    await assert.rejects(scratch.store.entries(), { code: 'ERR_OCI_LAYOUT_INVALID' });
  });

  it('gives typed errors for every kind of broken index', async () => {
    await using scratch = await openScratch();
    const cases = [
      '',
      'null',
      '[]',
      '{}',
      '{"manifests":{}}',
      '{"manifests":[1]}',
      '{"manifests":[{"digest":"x"}]}',
      '{'.repeat(9000),
    ];
    for (const text of cases) {
      await writeFile(join(scratch.path, 'index.json'), text);
      await assert.rejects(scratch.store.entries(), { code: 'ERR_OCI_DOCUMENT_INVALID' }, text.slice(0, 40));
    }
    await writeFile(join(scratch.path, 'index.json'), Buffer.alloc((4 << 20) + 1, ' '));
    await assert.rejects(scratch.store.entries(), { code: 'ERR_OCI_DOCUMENT_TOO_LARGE' });
  });

  it('is refused where it is none, or of another version', async () => {
    await using folder = await openTemporaryFolder(tmpdir(), 'layout');
    await assert.rejects(Layout.open(folder.path), { code: 'ERR_OCI_LAYOUT_INVALID' });
    await writeFile(join(folder.path, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    await assert.rejects(Layout.open(folder.path), { code: 'ERR_OCI_LAYOUT_INVALID' });
    await writeFile(join(folder.path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await assert.rejects(Layout.open(folder.path), { code: 'ERR_OCI_LAYOUT_INVALID' });
  });
});

describe('the lock of index.json', () => {
  it('keeps every tag of several stores over one folder, in threads of their own', async () => {
    await using scratch = await openScratch();
    const { image } = await putSmallImage(scratch.store);
    const module = JSON.stringify(new URL('./layout.ts', import.meta.url).href);
    const bytes = JSON.stringify(Buffer.from(image.manifest.bytes).toString());
    const code = (thread: number) => `import(${module}).then(async ({ Layout }) => {
      const store = await Layout.open(${JSON.stringify(scratch.path)});
      for (let i = 0; i < 10; i += 1)
        await store.putManifest(Buffer.from(${bytes}), ${JSON.stringify(mediaTypes.manifest)}, { tag: 't${thread}-' + i });
    })`;
    const ended = [0, 1, 2].map((thread) => {
      const worker = new Worker(code(thread), { eval: true });
      return new Promise((resolve, reject) => worker.once('error', reject).once('exit', resolve));
    });
    assert.deepEqual(await Promise.all(ended), [0, 0, 0]);
    assert.equal((await scratch.store.entries()).length, 31);
  });

  it('is taken over from a process that died, and waited for while its holder lives', async () => {
    await using scratch = await openScratch();
    const lock = join(scratch.path, '.stillframe-index.lock');
    // Above the kernel's largest pid, so no process has it.
    await writeFile(lock, `4194999 ${hostname()} x`);
    await putSmallImage(scratch.store, 'after-death');
    await writeFile(lock, `${process.pid} ${hostname()} x`);
    const waiting = putSmallImage(scratch.store, 'after-wait', randomBytes(10));
    await assert.rejects(scratch.store.untag('after-death', { signal: AbortSignal.timeout(80) }), {
      name: 'TimeoutError',
    });
    await rm(lock);
    await waiting;
    assert.ok(await scratch.store.resolve('after-wait'));
  });

  it('names its holder from the first moment, without a byte of a file, so a full disk leaves none that nobody holds', async () => {
    await using scratch = await openScratch();
    const path = join(scratch.path, '.stillframe-index.lock');
    {
      await using held = await acquireLock(path);
      assert.ok((await lstat(path)).isSymbolicLink());
      assert.match(await readlink(path), new RegExp(`^${process.pid} `));
      assert.ok(await held.held());
      await assert.rejects(acquireLock(path, { patience: 0 }), { code: 'ERR_FILE_LOCKED' });
    }
    await assert.rejects(lstat(path), { code: 'ENOENT' });
    await symlink(`4194999 ${hostname()} x`, path);
    // One that may not wait at all gets it: the holder is no process of this machine any more.
    await (await acquireLock(path, { patience: 0 }))[Symbol.asyncDispose]();
    await symlink(`4194999 ${hostname()} x`, path);
    await putSmallImage(scratch.store, 'after-death');
  });

  it('is not followed where a stranger made it a link to something that never ends', async () => {
    await using scratch = await openScratch();
    const path = join(scratch.path, '.stillframe-index.lock');
    await symlink('/dev/zero', path);
    await lutimes(path, 1, 1);
    await putSmallImage(scratch.store, 'a');
    assert.ok(await scratch.store.resolve('a'));
  });
});

/** A folder on another filesystem where this machine has one, else the usual temporary folder. */
function farFolder(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}
