/** The address spaces of all processes: a row a VMA. */
import { type MapRow, readMaps } from '@stillframe/checkpoint';
import { limits } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';
import type { Analyser } from './analyser.ts';

export interface MappingRow extends MapRow {
  readonly pid: number;
}

export const mappings: Analyser<readonly MappingRow[]> = {
  title: 'mappings of memory',
  async read({ checkpoint: { images }, processes, open, signal, report }) {
    const rows: MappingRow[] = [];
    for (const { pid } of processes) {
      const space = await openAddressSpace(images, pid, { signal });
      for (const row of space ? await readMaps(space, open.files, { signal }) : []) rows.push({ pid, ...row });
      if (rows.length <= limits.descriptors) continue;
      const message = `more than ${limits.descriptors} mappings; those of processes after ${pid} are left out`;
      report([{ id: 'mappings-too-many', severity: 'error', source: `mm-${pid}.img`, message }]);
      break;
    }
    return rows;
  },
};
