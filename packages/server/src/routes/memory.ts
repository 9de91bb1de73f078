/** Bytes of a process at any address, with what each part of them is. */
import { hexAddress } from '@stillframe/core';
import { countUpTo } from '@stillframe/core/sorted';
import type { MapFacts } from '../contract/index.ts';
import { mapsOf } from './maps.ts';
import type { AnswerRoute } from './route.ts';

export const MOST_BYTES = 64 << 10;

export const memory: AnswerRoute<'memory'> = async ({ one, question, signal }) => {
  const { pid } = await one.process(question.number('pid'));
  const at = question.address('at');
  const space = await one.space(pid);
  const left = (1n << 64n) - at;
  const wanted = question.number('bytes', { from: 1, to: MOST_BYTES });
  const bytes = new Uint8Array(left < BigInt(wanted) ? Number(left) : wanted);
  const ranges = await space.read(at, bytes, { signal });
  const maps = await mapsOf(one, pid);
  return {
    at: hexAddress(at),
    base64: Buffer.from(bytes.buffer).toString('base64'),
    ranges: ranges.map((range) => ({
      offset: Number(range.vaddr - at),
      bytes: range.bytes,
      state: range.state === 'absent' ? range.reason : range.state,
    })),
    map: mapAt(maps, at),
  };
};

/** By halves: there may be 65,530. */
function mapAt(maps: readonly MapFacts[], at: bigint): MapFacts | null {
  const found = maps[countUpTo(maps, ({ end }) => BigInt(end) <= at)];
  return found && BigInt(found.start) <= at ? found : null;
}
