/** Damaged images as cores: a core of what is left or a typed error, and always a file whose headers hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesSource, StillframeError } from '@stillframe/core';
import { openImageSet } from '@stillframe/criu-image';
import { openCheckpoint } from '../checkpoint.ts';
import { imageFiles } from '../image-sets.ts';
import { planCore } from './core-file.ts';
import { readCore } from './core-reader.fixture.ts';

const PID = 6;
const IMAGES = ['core-6.img', 'mm-6.img', 'pagemap-6.img', 'pstree.img', 'files.img'];
/** Bytes of a core that are put together here; one that is longer is not read back. */
const READ_BACK = 16 << 20;

async function filesOfCounter(): Promise<Map<string, Uint8Array>> {
  await using checkpoint = await openCheckpoint(
    fileURLToPath(new URL('../../fixtures/crio-counter.tar', import.meta.url)),
  );
  const files = imageFiles(checkpoint.archive);
  const found = new Map<string, Uint8Array>();
  for (const name of files.names()) {
    const source = files.open(name) ?? assert.fail();
    const bytes = new Uint8Array(source.size);
    await source.readInto(0, bytes);
    found.set(name, bytes);
  }
  return found;
}

/** What becomes of the core where one image is another: the code of the error, or `core`. */
async function outcome(files: ReadonlyMap<string, Uint8Array>, name: string, bytes: Uint8Array): Promise<string> {
  const all = new Map(files).set(name, bytes);
  const set = openImageSet({
    names: () => all.keys(),
    open: (wanted) => {
      const found = all.get(wanted);
      return found && bytesSource(found);
    },
  });
  try {
    const core = await planCore(set, PID);
    if (core.size > READ_BACK) return 'core';
    const file = Buffer.alloc(core.size);
    for await (const part of core.parts()) {
      assert.ok(part.offset + part.bytes.length <= core.size, `${name}: a part beyond the end`);
      file.set(part.bytes, part.offset);
    }
    readCore(file);
    return 'core';
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    return error.code;
  }
}

test('images cut at many places give a core of what is left, or say why there is none', async () => {
  const files = await filesOfCounter();
  const outcomes = new Set<string>();
  for (const name of IMAGES) {
    const whole = files.get(name) ?? assert.fail(name);
    const step = Math.max(1, Math.floor(whole.length / 60));
    for (let cut = 0; cut < whole.length; cut += step) outcomes.add(await outcome(files, name, whole.subarray(0, cut)));
  }
  assert.deepEqual([...outcomes].sort(), ['ERR_CORE_NO_REGISTERS', 'core']);
});

test('images with a bit turned over never end in anything else', async () => {
  const files = await filesOfCounter();
  let state = 20_251_125;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (const name of IMAGES) {
    for (let round = 0; round < 60; round += 1) {
      const bytes = Uint8Array.from(files.get(name) ?? assert.fail(name));
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      assert.match(await outcome(files, name, bytes), /^core$|^ERR_/, `${name} at ${at}`);
    }
  }
});
