import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';
import fc from 'fast-check';
import { applyRootfsDiff } from './apply-diff.ts';
import { writeRootfsDiff } from './diff.ts';
import { listing } from './fixture.ts';
import { makeRootfsFolders, mountOverlay, unmount } from './overlay.ts';

const LAYERS = ['base', 'top'];

/** One thing that a container does to its root filesystem. */
interface Deed {
  what: 'write' | 'mkdir' | 'remove' | 'link' | 'chmod' | 'chown' | 'renew';
  path: string;
}

const path = fc
  .array(fc.constantFrom('a', 'ü ñ', '-n', 'new\nline', 'back\\n'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const deed: fc.Arbitrary<Deed> = fc.record({
  what: fc.constantFrom<Deed['what'][]>('write', 'mkdir', 'remove', 'link', 'chmod', 'chown', 'renew'),
  path,
});

/** Does it where it can be done, as a program would that ignores errors. */
async function does(root: string, { what, path: inside }: Deed, step: number): Promise<void> {
  const at = join(root, inside);
  try {
    await mkdir(dirname(at), { recursive: true });
    if (what === 'write') await writeFile(at, `step ${step}`);
    else if (what === 'mkdir') await mkdir(at);
    else if (what === 'remove') await rm(at, { recursive: true });
    else if (what === 'link') await symlink('../a', at);
    else if (what === 'chmod') await chmod(at, 0o700 + (step % 8));
    else if (what === 'chown') await chown(at, step, step);
    else {
      await rm(at, { recursive: true, force: true });
      await mkdir(join(at, 'a'), { recursive: true });
    }
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error, String(error));
  }
}

interface Place {
  layers: string;
  /** Mounts the layers with an upper folder of that name and calls `work` with the root that a container would see. */
  within<T>(name: string, work: (root: string) => Promise<T>): Promise<T>;
  folder(name: string): string;
}

async function inPlace(work: (place: Place) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const layers = join(folder.path, 'layers');
  for (const name of LAYERS) await mkdir(join(layers, name), { recursive: true });
  await work({
    layers,
    folder: (name) => join(folder.path, name),
    async within(name, inside) {
      const folders = await makeRootfsFolders(join(folder.path, name));
      const root = join(folder.path, `${name}-root`);
      await mountOverlay(layers, LAYERS, folders, root);
      try {
        return await inside(root);
      } finally {
        await unmount(root);
      }
    },
  });
}

/** What a copy of a container sees, given what the container did to its own. */
async function copyOf(place: Place, deeds: (root: string) => Promise<void>) {
  const original = await place.within('original', async (root) => {
    await deeds(root);
    return listing(root);
  });
  const tarPath = place.folder('diff.tar');
  const diff = await writeRootfsDiff(place.folder('original/upper'), place.layers, LAYERS, tarPath, new Set());
  const { upper } = await makeRootfsFolders(place.folder('copy'));
  const source = diff.written ? { tarPath, deleted: diff.deleted } : { deleted: diff.deleted };
  const refused = await applyRootfsDiff(upper, place.layers, LAYERS, source);
  assert.deepEqual(refused, []);
  return { original, diff, copy: await place.within('copy', (root) => listing(root)) };
}

test('whatever a container did to its files, its copy sees the same tree', needs('root'), async () => {
  const deeds = fc.array(deed, { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(deeds, deeds, deeds, (base, top, own) =>
      inPlace(async (place) => {
        for (const [i, one] of base.entries()) await does(join(place.layers, 'base'), one, i);
        for (const [i, one] of top.entries()) await does(join(place.layers, 'top'), one, 20 + i);
        const { original, copy } = await copyOf(place, async (root) => {
          for (const [i, one] of own.entries()) await does(root, one, 40 + i);
        });
        assert.deepEqual(copy, original);
      }),
    ),
    { numRuns: 25 },
  );
});

test('a folder made where a file of the top layer hid one below shows nothing of that', needs('root'), () =>
  inPlace(async (place) => {
    await mkdir(join(place.layers, 'base/data/kept'), { recursive: true });
    await writeFile(join(place.layers, 'base/data/kept/old'), 'old');
    await writeFile(join(place.layers, 'top/data'), 'a file now');
    const { original, copy, diff } = await copyOf(place, async (root) => {
      await rm(join(root, 'data'));
      await mkdir(join(root, 'data/kept'), { recursive: true });
    });
    assert.deepEqual(copy, original);
    assert.deepEqual(diff.deleted, []);
  }),
);

test('nothing done is no tar and no deletion', needs('root'), () =>
  inPlace(async (place) => {
    await writeFile(join(place.layers, 'base/file'), 'x');
    const { diff } = await copyOf(place, async () => undefined);
    assert.deepEqual(diff, { written: false, deleted: [] });
  }),
);

test('a folder removed and made anew hides all that it once held, at any depth', needs('root'), () =>
  inPlace(async (place) => {
    await mkdir(join(place.layers, 'base/srv/app/conf'), { recursive: true });
    await writeFile(join(place.layers, 'base/srv/app/conf/old'), 'old');
    await writeFile(join(place.layers, 'base/srv/gone'), 'old');
    const { original, copy, diff } = await copyOf(place, async (root) => {
      await rm(join(root, 'srv'), { recursive: true });
      await mkdir(join(root, 'srv/app/conf'), { recursive: true });
      await writeFile(join(root, 'srv/app/conf/new'), 'new');
    });
    assert.deepEqual(copy, original);
    assert.deepEqual(diff.deleted.sort(), ['/srv/app/conf/old', '/srv/gone']);
  }),
);

test('a folder that replaces a link of the image tells no names of what the link leads to', needs('root'), () =>
  inPlace(async (place) => {
    await mkdir(place.folder('host'));
    await writeFile(join(place.folder('host'), 'secret-name'), '');
    await symlink(place.folder('host'), join(place.layers, 'base/data'));
    const { diff, original, copy } = await copyOf(place, async (root) => {
      await rm(join(root, 'data'));
      await mkdir(join(root, 'data'));
    });
    assert.deepEqual(diff.deleted, []);
    assert.deepEqual(copy, original);
  }),
);

test('names that are no UTF-8 are captured and come back byte for byte', needs('root'), () =>
  inPlace(async (place) => {
    const bytes = (text: string) => Buffer.from(text, 'latin1');
    const layer = join(place.layers, 'base');
    await mkdir(bytes(`${layer}/caf\xe9`), { mode: 0o711 });
    await writeFile(bytes(`${layer}/caf\xe9/old`), '');
    await place.within('original', async (root) => {
      await writeFile(bytes(`${root}/caf\xe9/new\xff`), 'text');
      await rm(bytes(`${root}/caf\xe9/old`));
    });
    const tarPath = place.folder('diff.tar');
    const diff = await writeRootfsDiff(place.folder('original/upper'), place.layers, LAYERS, tarPath, new Set());
    assert.deepEqual(diff, { written: true, deleted: [] });
    const { upper } = await makeRootfsFolders(place.folder('copy'));
    await applyRootfsDiff(upper, place.layers, LAYERS, { tarPath, deleted: ['/caf/x'] });
    assert.equal(await readFile(bytes(`${upper}/caf\xe9/new\xff`), 'utf8'), 'text');
    assert.equal((await stat(bytes(`${upper}/caf\xe9`))).mode & 0o777, 0o711);
  }),
);

test('mounts of others are no change of the container’s', needs('root'), async () => {
  await inPlace(async (place) => {
    await place.within('original', async (root) => {
      await mkdir(join(root, 'etc'));
      await writeFile(join(root, 'etc/hostname'), 'mount point');
      await writeFile(join(root, 'etc/own'), 'own');
      await rename(join(root, 'etc/own'), join(root, 'etc/renamed'));
    });
    const upper = place.folder('original/upper');
    const tarPath = place.folder('diff.tar');
    const diff = await writeRootfsDiff(upper, place.layers, LAYERS, tarPath, new Set(['/etc/hostname']));
    assert.equal(diff.written, true);
    const copy = await makeRootfsFolders(place.folder('copy'));
    await applyRootfsDiff(copy.upper, place.layers, LAYERS, { tarPath, deleted: diff.deleted });
    assert.deepEqual(await readdir(join(copy.upper, 'etc')), ['renamed']);
  });
});

test('files that change, grow, shrink or go while they are packed do not lose the rest', needs('root'), () =>
  inPlace(async (place) => {
    await place.within('original', async (root) => {
      const busy = `cd "$0" && echo kept > kept && i=0 && while :; do i=$((i+1)); seq 1 $((i % 7 * 20000)) > grown
        mkdir -p "d$((i % 9))/e" && echo $i > "d$((i % 9))/e/f$i" && rm -rf "d$(((i + 3) % 9))" && mkfifo "p$i"; rm "p$i"; done`;
      const writer = spawn('sh', ['-c', busy, root], { stdio: 'ignore' });
      try {
        while (!existsSync(join(root, 'd3'))) await delay(5);
        const upper = place.folder('original/upper');
        for (let round = 0; round < 25; round++) {
          const tarPath = place.folder(`${round}.tar`);
          const options = { changing: true };
          await writeRootfsDiff(upper, place.layers, LAYERS, tarPath, new Set(), options);
          const copy = await makeRootfsFolders(place.folder(`copy-${round}`));
          assert.deepEqual(await applyRootfsDiff(copy.upper, place.layers, LAYERS, { tarPath, deleted: [] }), []);
          assert.equal(await readFile(join(copy.upper, 'kept'), 'utf8'), 'kept\n');
        }
      } finally {
        writer.kill('SIGKILL');
        await once(writer, 'exit');
      }
    });
  }),
);
