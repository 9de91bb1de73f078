import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ByteSource, bytesSource } from '@stillframe/core';
import { openFileSource, openTemporaryFolder } from '@stillframe/core/file';
import { openImageSet } from '@stillframe/criu-image';
import { madeFiles, PAGE } from './memory.fixture.ts';
import { type NamedPattern, textPattern } from './pattern.ts';
import { scanMemory } from './scan-memory.ts';

const PAGES = 64;
const SLOW: NamedPattern = { id: 'slow', pattern: { kind: 'regex', source: '(a+)+[bc]' } };

/** One process with pages of `a`, each of which begins with `page`; the pages image is `source` where that is given. */
function images(source?: ByteSource) {
  const bytes = Buffer.alloc(PAGES * PAGE, 'a');
  for (let page = 0; page < PAGES; page += 1) bytes.write('page', page * PAGE);
  const files = madeFiles([{ pid: 1, vmas: [{ from: 10, pages: PAGES }], runs: [{ from: 10, bytes }] }]);
  const open = (name: string) => {
    const plain = files.get(name);
    return name === 'pages-1.img' && source ? source : plain && bytesSource(plain);
  };
  return { bytes, set: openImageSet({ names: () => files.keys(), open }) };
}

/** The same with the pages in a file, so that threads can search them. */
async function inFile(use: (path: string, set: ReturnType<typeof openImageSet>) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'pages');
  await writeFile(path, images().bytes);
  await using source = await openFileSource(path);
  await use(path, images(source).set);
}

const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;

test('an abort ends a search at once, also where an expression is at work', async () => {
  await inFile(async (_path, set) => {
    const ending = new AbortController();
    const begin = performance.now();
    setTimeout(() => ending.abort(), 700);
    const search = Array.fromAsync(scanMemory({ images: set }, [SLOW], { workers: 2, signal: ending.signal }));
    await assert.rejects(search, { name: 'AbortError' });
    assert.ok(performance.now() - begin < 1900, 'sooner than an expression is given up');
    assert.equal(threads(), 0);
  });
  const aborted = scanMemory({ images: images().set }, [SLOW], { signal: AbortSignal.abort() });
  await assert.rejects(Array.fromAsync(aborted), { name: 'AbortError' });
});

test('whoever has seen enough leaves no thread behind', async () => {
  await inFile(async (_path, set) => {
    for await (const _ of scanMemory({ images: set }, [textPattern('page')], { workers: 2 })) break;
    assert.equal(threads(), 0);
  });
});

test('with threads alone this one goes on with other things, also where memory lies in no file', async () => {
  const { set } = images();
  const { bytes } = images();
  let [ticks, longest, last] = [0, 0, performance.now()];
  const tick = setInterval(() => {
    ticks += 1;
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 10);
  try {
    await assert.rejects(Array.fromAsync(scanMemory({ images: set }, [SLOW], { workers: 1 })), {
      code: 'ERR_SEARCH_PATTERN_SLOW',
    });
  } finally {
    clearInterval(tick);
  }
  // The expression has its two seconds; nobody else waits for them.
  assert.ok(ticks > 20 && longest < 1000, `${ticks} ticks, ${longest} ms between two`);
  const found = await Array.fromAsync(scanMemory({ images: set }, [textPattern('page')], { workers: 1 }));
  assert.equal(found.length, bytes.length / PAGE);
});

test('a slow expression is told by its name from a thread, too', async () => {
  await inFile(async (_path, set) => {
    await assert.rejects(Array.fromAsync(scanMemory({ images: set }, [SLOW], { workers: 1 })), {
      code: 'ERR_SEARCH_PATTERN_SLOW',
      message: /^the pattern slow/,
    });
  });
});

test('a pages image that is shorter than it was gives what is left, and a diagnostic', async () => {
  for (const workers of [0, 2]) {
    await inFile(async (path, set) => {
      // The size was read when the file was opened.
      await truncate(path, 10 * PAGE + 2);
      const options = { workers, chunkSize: 8 * PAGE };
      const found = await Array.fromAsync(
        scanMemory({ images: set }, [textPattern('page'), textPattern('pa')], options),
      );
      const places = found.map(({ pattern, vaddr }) => `${pattern} ${vaddr / BigInt(PAGE)}`);
      const whole = Array.from({ length: 10 }, (_, i) => [`page ${i + 10}`, `pa ${i + 10}`]).flat();
      assert.deepEqual(places, [...whole, 'pa 20'], `${workers} threads`);
      assert.ok(set.diagnostics.list.some(({ id }) => id === 'pages-missing'));
    });
  }
});

test('a file that threads cannot open is an error, not an empty answer', async () => {
  const source = {
    ...bytesSource(images().bytes),
    locator: { kind: 'file' as const, path: '/nonexistent/pages', offset: 0, size: PAGES * PAGE },
  };
  const { set } = images(source);
  await assert.rejects(Array.fromAsync(scanMemory({ images: set }, [textPattern('page')], { workers: 2 })), {
    code: 'ERR_SEARCH_WORKER',
  });
  assert.equal(
    (await Array.fromAsync(scanMemory({ images: set }, [textPattern('page')], { workers: 0 }))).length,
    PAGES,
  );
});

test('an error while memory is read is that error', async () => {
  const source = { size: PAGES * PAGE, readInto: async () => Promise.reject(new Error('the disk is gone')) };
  await assert.rejects(
    Array.fromAsync(scanMemory({ images: images(source).set }, [textPattern('page')])),
    /the disk is gone/,
  );
});
