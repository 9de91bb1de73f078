/** Where in the archive a reference leads: which entry a tool that knows only files is to look at. */
import { imageFolder } from '@stillframe/checkpoint';
import type { JudgedCheckpoint } from '../judged.ts';
import type { EvidenceReference } from '../reference.ts';

/** An entry of the archive; `offset` and `bytes` where the reference names some of it. */
export interface EvidencePlace {
  readonly entry: string;
  readonly offset?: number | undefined;
  readonly bytes?: number | undefined;
}

/** Finds places for references of one checkpoint. An entry that the archive lacks is no place. */
export function placesIn({
  archive,
  analysis,
}: JudgedCheckpoint): (reference: EvidenceReference) => EvidencePlace | undefined {
  const folder = imageFolder(archive.entries, archive.name);
  const namespaces = new Map(analysis.tables.mounts.map((mount) => [mount.mountpoint, mount.namespaceId]));
  return (reference) => {
    const place = placeOf(reference, folder, (mountpoint) => namespaces.get(mountpoint));
    return archive.entries.has(place.entry) ? place : undefined;
  };
}

function placeOf(
  reference: EvidenceReference,
  folder: string,
  namespaceOf: (mountpoint: string) => number | undefined,
): EvidencePlace {
  switch (reference.kind) {
    case 'process':
      return { entry: `${folder}core-${reference.pid}.img` };
    case 'memory':
      return { entry: `${folder}pagemap-${reference.pid}.img` };
    case 'mapping':
      return { entry: `${folder}mm-${reference.pid}.img` };
    case 'fd':
    case 'socket':
      return { entry: `${folder}files.img` };
    case 'image':
      return { entry: `${folder}${reference.name}` };
    case 'entry':
      return { entry: reference.name, offset: reference.offset, bytes: reference.bytes };
    case 'rootfs':
      return { entry: 'rootfs-diff.tar' };
    case 'mount':
      return { entry: `${folder}mountpoints-${namespaceOf(reference.mountpoint) ?? 0}.img` };
  }
}
