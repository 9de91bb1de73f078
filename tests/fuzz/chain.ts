/** An incremental dump with the one before beside it, as podman's --with-previous lays them out, made of a real archive. */
import { create, toBinary } from '@bufbuild/protobuf';
import { encodeTarHeader, openCheckpoint, paddedSize } from '@stillframe/checkpoint';
import { bytesSource, readAll } from '@stillframe/core';
import { openStoredPages, PageFlag } from '@stillframe/criu-image';
import { pagemap_entrySchema } from '@stillframe/criu-image/proto';

/** `archive` with its images twice: the later ones leave every page to the earlier ones. */
export async function chainOf(archive: Uint8Array): Promise<Uint8Array> {
  await using checkpoint = await openCheckpoint(bytesSource(archive));
  const { images } = checkpoint;
  const parts: Uint8Array[] = [];
  const add = (name: string, bytes: Uint8Array, link = '') => {
    const size = BigInt(bytes.length);
    parts.push(encodeTarHeader({ name, size, type: link === '' ? '0' : '2', linkName: link }), bytes);
    parts.push(new Uint8Array(paddedSize(bytes.length) - bytes.length));
  };
  for (const { name, kind } of checkpoint.archive.entries.values()) {
    if (kind !== 'file') continue;
    const bytes = await readAll(checkpoint.archive.open(name), { limit: 1 << 24 });
    if (!name.startsWith('checkpoint/')) add(name, bytes);
    else {
      add(name.replace('checkpoint/', 'pre-checkpoint/'), bytes);
      const id = /^checkpoint\/pagemap-(\d+)\.img$/.exec(name)?.[1];
      const left = id === undefined ? undefined : await leftToParent(images, Number(id), bytes);
      add(name, left ?? (/pages-\d+\.img$/.test(name) ? new Uint8Array() : bytes));
    }
  }
  add('checkpoint/parent', new Uint8Array(), '../pre-checkpoint');
  return Buffer.concat([...parts, new Uint8Array(1024)]);
}

/** The pagemap with every entry turned into PE_PARENT; magics and head stay as they are. */
async function leftToParent(images: Parameters<typeof openStoredPages>[0], pid: number, image: Uint8Array) {
  const pages = await openStoredPages(images, 'pagemap', pid);
  if (!pages) return undefined;
  const head = 12 + new DataView(image.buffer, image.byteOffset).getUint32(8, true);
  const entries = [...pages.runs()].map(({ vaddr, bytes }) => {
    const nrPages = BigInt(bytes / pages.pageSize);
    const entry = create(pagemap_entrySchema, { vaddr, compatNrPages: 0, nrPages, flags: PageFlag.PARENT });
    const encoded = toBinary(pagemap_entrySchema, entry);
    return Buffer.concat([Buffer.from(Uint32Array.of(encoded.length).buffer), encoded]);
  });
  return Buffer.concat([image.subarray(0, head), ...entries]);
}
