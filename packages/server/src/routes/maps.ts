/** The address space of a process: its mappings, and how much of each was captured where. */
import { type MapRow, readMaps } from '@stillframe/checkpoint';
import { hexAddress } from '@stillframe/core';
import type { AddressSpace } from '@stillframe/criu-image';
import type { DeskCase } from '../case.ts';
import type { MapFacts, MapList } from '../contract/index.ts';
import type { AnswerRoute } from './route.ts';

/** Mappings that are listed: the kernel allows a process 65,530. */
const MOST = 70_000;
/** Parts of a mapping that have a density of their own. */
const PARTS = 64n;

export const maps: AnswerRoute<'maps'> = async ({ one, question }): Promise<MapList> => {
  const { pid, comm } = await one.process(question.number('pid'));
  const list = await mapsOf(one, pid);
  return { pid, name: comm ?? null, maps: list.slice(0, MOST), total: list.length };
};

/** All mappings by ascending address; kept as long as the address space is: there may be 65,530 of each process. */
export async function mapsOf(one: DeskCase, pid: number): Promise<readonly MapFacts[]> {
  const space = await one.space(pid);
  return one.keepWith(space, async (signal) => {
    const { files } = await one.open();
    const list: MapFacts[] = [];
    for (const row of await readMaps(space, files, { signal })) {
      signal.throwIfAborted();
      list.push(await mapOf(row, space));
    }
    return list;
  });
}

async function mapOf(row: MapRow, space: AddressSpace): Promise<MapFacts> {
  const { start, end, prot, shared, backing, deleted, captured, zero, absent, anonymousCode } = row;
  return {
    ...{ start: hexAddress(start), end: hexAddress(end), bytes: Number(end - start) },
    protection: `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}${shared ? 's' : 'p'}`,
    ...{ backing, deleted, captured: Number(captured), zero: Number(zero), anonymousCode },
    absent: Object.entries(absent).map(([reason, bytes]) => [reason, Number(bytes)] as const),
    density: captured === 0n ? '' : await densityOf(space, start, end),
  };
}

/** A digit a part: 0 where nothing of it was captured, 9 where all of it was. */
async function densityOf(space: AddressSpace, start: bigint, end: bigint): Promise<string> {
  const pages = (end - start) / BigInt(space.pageSize);
  const parts = pages < PARTS ? pages || 1n : PARTS;
  const held = new Float64Array(Number(parts));
  const size = end - start;
  for await (const { vaddr, bytes, state } of space.survey(start, end)) {
    if (state !== 'captured') continue;
    const [from, until] = [vaddr - start, vaddr - start + BigInt(bytes)];
    for (let part = (from * parts) / size; part < parts; part += 1n) {
      const [low, high] = [(part * size) / parts, ((part + 1n) * size) / parts];
      if (low >= until) break;
      held[Number(part)] =
        (held[Number(part)] ?? 0) + Number((until < high ? until : high) - (from > low ? from : low));
    }
  }
  const whole = Number(size) / Number(parts);
  return Array.from(held, (bytes) =>
    bytes === 0 ? 0 : Math.max(1, Math.min(9, Math.floor((bytes / whole) * 9.01))),
  ).join('');
}
