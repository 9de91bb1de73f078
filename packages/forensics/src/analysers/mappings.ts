/** The address spaces of all processes: a row a VMA. */
import { type MapRow, readMaps } from '@stillframe/checkpoint';
import { limits } from '@stillframe/core';
import { type AddressSpace, openAddressSpace } from '@stillframe/criu-image';
import type { Analyser, AnalysisContext } from './analyser.ts';

export interface MappingRow extends MapRow {
  readonly pid: number;
  /**
   * Of executable memory that is in no file, and of the mapping right before such: its first bytes that are not zero, as far as
   * they were captured; empty where it holds none. Undefined for other mappings.
   */
  readonly head: Uint8Array | undefined;
}

/** Bytes of a head, and how far they are looked for. */
const HEAD = 64;
const LOOKED_AT = 16 << 10;
/** Heads that are read in all: a just-in-time compiler has some hundred mappings. */
const HEADS = 20_000;

export const mappings: Analyser<readonly MappingRow[]> = {
  title: 'mappings of memory',
  async read(context) {
    const { checkpoint, processes, open, signal, report } = context;
    const rows: MappingRow[] = [];
    let heads = 0;
    for (const { pid } of processes) {
      const space = await openAddressSpace(checkpoint.images, pid, { signal });
      const maps = space ? await readMaps(space, open.files, { signal }) : [];
      for (const [index, row] of maps.entries()) {
        const next = maps[index + 1];
        const isBefore = next?.anonymousCode === true && next.start === row.end && row.backing === 'anonymous';
        const isRead = (row.anonymousCode || isBefore) && heads < HEADS;
        heads += isRead ? 1 : 0;
        rows.push({ pid, ...row, head: space && isRead ? await headOf(space, row, context) : undefined });
      }
      if (rows.length <= limits.descriptors) continue;
      const message = `more than ${limits.descriptors} mappings; those of processes after ${pid} are left out`;
      report([{ id: 'mappings-too-many', severity: 'error', source: `mm-${pid}.img`, message }]);
      break;
    }
    return rows;
  },
};

async function headOf(space: AddressSpace, { start, end }: MapRow, { signal }: AnalysisContext): Promise<Uint8Array> {
  for await (const { vaddr, bytes, state } of space.survey(start, end)) {
    if (state !== 'captured') continue;
    const piece = new Uint8Array(Math.min(bytes, LOOKED_AT));
    await space.read(vaddr, piece, { signal });
    const from = piece.findIndex((byte) => byte !== 0);
    return from < 0 ? new Uint8Array() : piece.slice(from, from + HEAD);
  }
  return new Uint8Array();
}
