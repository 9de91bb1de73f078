/** A chain of two real dumps of one process: CRIU restores it, and it reads as the full dump did. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openCheckpoint } from '@stillframe/checkpoint';
import { openAddressSpace } from '@stillframe/criu-image';
import { execute } from '@stillframe/demo/stage';
import { compareCheckpoints, scanMemory, textPattern } from '@stillframe/forensics';
import { findCriu, leftBehind, needs, takeCensus } from '@stillframe/testkit';
import { imagesIn, makeIncremental } from './incremental.ts';

/** Counts, with memory that never changes. It has no children: where nobody reaps orphans their pids stay taken. */
const COUNTER = `printf -v big '%400000s' x; exec 3<>"$1"
  i=0; while :; do i=$((i+1)); secret="needle-$i"; echo "$i"; read -t 0.1 -u 3; done`;

/** The numbers written so far. */
async function numbersIn(file: string): Promise<number[]> {
  return (await readFile(file, 'utf8')).trim().split('\n').filter(Boolean).map(Number);
}

async function waitBeyond(file: string, number: number): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await delay(50)) {
    if (((await numbersIn(file)).at(-1) ?? 0) > number) return;
  }
  assert.fail(`no number beyond ${number}: ${await readFile(file, 'utf8')}`);
}

test(
  'a dump that leaves its unchanged pages to the one before is restored, and read alike',
  needs('checkpoint'),
  async () => {
    const criu = findCriu() ?? assert.fail('no criu');
    const before = await takeCensus();
    const folder = await mkdtemp(join(tmpdir(), 'stillframe-lab-'));
    const output = join(folder, 'numbers');
    const at = (name: string) => join(folder, name);
    let pid = 0;
    try {
      await execute(['mkfifo', at('waiting')]);
      {
        await using file = await open(output, 'a');
        const child = spawn('bash', ['-c', COUNTER, 'counter', at('waiting')], {
          detached: true,
          stdio: ['ignore', file.fd, file.fd],
        });
        pid = child.pid ?? assert.fail('no process');
        child.unref();
      }
      await waitBeyond(output, 3);
      for (const [name, more] of [
        ['first', ['--leave-running']],
        ['full', []],
      ] as const) {
        await mkdir(at(name));
        await execute([criu, 'dump', '--tree', String(pid), '--images-dir', at(name), ...more]);
        if (name === 'first') await waitBeyond(output, ((await numbersIn(output)).at(-1) ?? 0) + 5);
      }
      const dumped = (await numbersIn(output)).at(-1) ?? 0;
      await cp(at('full'), at('second'), { recursive: true });
      const { kept, left } = await makeIncremental(at('second'), at('first'));
      assert.ok(left > kept && kept > 0, `${left} pages left to the first dump, ${kept} kept`);

      // Ours: what the chain reads is what the full dump reads, byte for byte, over every VMA.
      await using full = await openCheckpoint(at('full'));
      await using chain = await openCheckpoint(at('second'), { parents: [at('first')] });
      const whole = (await openAddressSpace(full.images, pid)) ?? assert.fail();
      const parts = (await openAddressSpace(chain.images, pid)) ?? assert.fail();
      let compared = 0;
      for (const { start, end } of whole.vmas) {
        const [a, b] = [Buffer.alloc(Number(end - start)), Buffer.alloc(Number(end - start))];
        assert.deepEqual(await parts.read(start, b), await whole.read(start, a));
        assert.ok(a.equals(b), `VMA at ${start.toString(16)}`);
        compared += a.length;
      }
      assert.ok(compared > 400_000);
      const needle = `needle-${dumped}`;
      const addresses = async (checkpoint: typeof full) =>
        (await Array.fromAsync(scanMemory(checkpoint, [textPattern(needle)]))).map(({ vaddr }) => vaddr);
      assert.deepEqual(await addresses(chain), await addresses(full));
      assert.ok((await addresses(full)).length > 0);
      // What differs from the first is the same of both; of the chain most is known without reading, being in the first itself.
      await using first = await openCheckpoint(at('first'));
      const [ofFull, ofChain] = [await compareCheckpoints(first, full), await compareCheckpoints(first, chain)];
      assert.deepEqual([...ofChain.rows()], [...ofFull.rows()]);
      const counts = ofFull.pages?.pages;
      assert.ok(counts && counts.changed > 0 && counts.changed < kept + left);
      assert.equal(ofFull.pages?.totals.inherited, 0);
      assert.ok((ofChain.pages?.totals.inherited ?? 0) > 300_000, `${ofChain.pages?.totals.inherited} bytes inherited`);
      // Alone, the second dump does not know those pages, and says so.
      const alone = (await openAddressSpace(await imagesIn(at('second')), pid)) ?? assert.fail();
      const missing = new Set<string>();
      for (const { start, end } of alone.vmas) {
        for await (const range of alone.survey(start, end)) if (range.state === 'absent') missing.add(range.reason);
      }
      assert.ok(missing.has('in-parent'));

      // CRIU's: it takes the chain for a dump of its own, and the process goes on where it was.
      await execute([criu, 'restore', '--images-dir', at('second'), '--restore-detached']);
      await waitBeyond(output, dumped + 5);
      const numbers = await numbersIn(output);
      assert.deepEqual(
        numbers,
        numbers.map((_number, index) => index + 1),
      );
    } finally {
      if (pid !== 0) await end(pid);
      await rm(folder, { recursive: true, force: true });
    }
    assert.deepEqual(await leftBehind(before, basename(folder)), [], 'something was left behind');
  },
);

async function end(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was not running.
  }
  await delay(300);
}
