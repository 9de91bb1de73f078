import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckpoint, tarSource } from '@stillframe/checkpoint';
import { analyse } from '../analyse.ts';
import { type MadeVma, madeFiles, PAGE } from '../search/memory.fixture.ts';
import type { YaraRules } from './engine.ts';
import { scanYara } from './scan-yara.ts';

const NEEDLE = Buffer.from('needle');

/** Pages of which each holds the word at its end, at those places. */
function pagesAt(places: readonly number[]) {
  return places.map((from) => {
    const bytes = new Uint8Array(PAGE);
    bytes.set(NEEDLE, PAGE - NEEDLE.length);
    return { from, bytes };
  });
}

/** Where the word is found in one process with this VMA, in pages; and how many bytes were looked at. */
async function look(vma: MadeVma, places: readonly number[]) {
  const images = madeFiles([{ pid: 7, vmas: [vma], runs: pagesAt(places) }]);
  const entries = [...images].map(([name, body]) => ({ name: `checkpoint/${name}`, mode: 0o600, body }));
  const config = { name: 'config.dump', mode: 0o600, body: Buffer.from('{"id":"made"}') };
  await using checkpoint = await openCheckpoint(tarSource([config, ...entries], { mtime: 0 }));
  let looked = 0;
  const rules: YaraRules = {
    async scan(bytes) {
      looked += bytes.length;
      const strings: { identifier: string; offset: number; bytes: number }[] = [];
      for (let at = bytes.indexOf(NEEDLE); at >= 0; at = bytes.indexOf(NEEDLE, at + 1))
        strings.push({ identifier: '$a', offset: at, bytes: NEEDLE.length });
      return strings.length === 0 ? [] : [{ rule: 'word', namespace: 'own.yar', tags: [], meta: {}, strings }];
    },
  };
  const found = new Set<number>();
  const { tables } = await analyse(checkpoint, { rules: [], memory: false });
  for await (const { references } of scanYara(checkpoint, rules, { tables, memory: true, signal: undefined }))
    for (const each of references) if (each.kind === 'memory') found.add(Number(each.address / BigInt(PAGE)));
  return { found: [...found].sort((a, b) => a - b), looked };
}

const MIB = (1 << 20) / PAGE;

test('a mapping that fits one window is looked at whole, what was not captured as zeroes', async () => {
  const { found, looked } = await look({ from: 16, pages: 8 * MIB }, [20, 16 + 7 * MIB]);
  assert.deepEqual(found, [20, 16 + 7 * MIB]);
  assert.equal(looked, 8 << 20);
});

test('of a reservation of terabytes only what was captured is looked at', async () => {
  const places = [20, 5000 * MIB, 2 ** 33, 2 ** 34];
  const { found, looked } = await look({ from: 16, pages: 2 ** 34 }, places);
  assert.deepEqual(found, places);
  assert.equal(looked, places.length * PAGE);
});

test('what lies close together in a large mapping is in one window, and over the end of one in the next', async () => {
  const places = Array.from({ length: 200 }, (_, i) => 16 + (i * MIB) / 2);
  const { found, looked } = await look({ from: 16, pages: 300 * MIB }, places);
  assert.deepEqual(found, places);
  assert.ok(looked < 110 << 20, `${looked} bytes`);
});
