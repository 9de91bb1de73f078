import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageRecord, PullOptions } from '../image/image-store.ts';
import { baseImage } from './base-image.ts';

const ID = 'a'.repeat(64);
const DIGEST = `sha256:${'b'.repeat(64)}`;
const image = (id = ID, digest = DIGEST) =>
  ({ id, manifest: { digest }, repoDigests: [`r/i@${digest}`], names: ['r/i:v1'] }) as unknown as ImageRecord;
const pull = {} as PullOptions;

/** A store that has `here` by any of its references, and gets `remote` by a pull; tells what was pulled. */
function store(here: Record<string, ImageRecord>, remote?: ImageRecord) {
  const pulled: string[] = [];
  return {
    pulled,
    find: (reference: string) => here[reference],
    pull: async (reference: string) => {
      pulled.push(reference);
      if (!remote) throw new Error('nothing there');
      return remote;
    },
  };
}
const named = (ref: string | undefined, name?: string) => ({ image: { ref, name, requested: undefined } });

test('what is here by id or by digest is taken without a look at its name', async () => {
  for (const ref of [ID, `sha256:${ID}`, `r/i@${DIGEST}`]) {
    const images = store({ [ref]: image() });
    assert.equal((await baseImage(images, named(ref, 'moved:tag'), pull)).id, ID);
    assert.deepEqual(images.pulled, []);
  }
});

test('what is not here is pulled by digest where one is known, else by name', async () => {
  const byDigest = store({}, image());
  await baseImage(byDigest, named(`r/i@${DIGEST}`, 'r/i:v1'), pull);
  const byName = store({}, image());
  await baseImage(byName, named(ID, 'r/i:v1'), pull);
  assert.deepEqual([byDigest.pulled, byName.pulled], [[`r/i@${DIGEST}`], ['r/i:v1']]);
});

test('a name that stands for another image by now is refused', async () => {
  const other = image('c'.repeat(64), `sha256:${'d'.repeat(64)}`);
  for (const ref of [ID, `sha256:${ID}`, `r/i@${DIGEST}`]) {
    await assert.rejects(baseImage(store({}, other), named(ref, 'r/i:v1'), pull), { code: 'ERR_RESTORE_REFUSED' }, ref);
  }
});

test('a checkpoint that names no image at all is no archive to restore', async () => {
  await assert.rejects(baseImage(store({}), named(undefined), pull), { code: 'ERR_RESTORE_ARCHIVE' });
});
