/** Shared memory: memfds, anonymous shared mappings, and segments of System V. checkpoint-spec 7.4, 7.7. */
import { fileNameOf, openPageChain, type PageChain } from '@stillframe/criu-image';
import { endOfPages, pagesContent, sourceContent } from './content.ts';
import type { Extractable, ExtractableFile, ExtractContext, Holder } from './extractable.ts';
import { filesBy } from './holders.ts';

/** What CRIU 4 calls an anonymous shared mapping, which it dumps as it does a memfd. */
const ANONYMOUS = '/dev/zero';

/** Lists memfds by inode id. */
export async function* memfds(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  for await (const { name, inodeId, isAnonymous, file } of inodes(context)) {
    if (!isAnonymous) yield { ...file, kind: 'memfd', id: String(inodeId), file: `memfd-${inodeId}.bin`, name };
  }
}

/** Lists anonymous shared mappings by the number that CRIU gave the segment. */
export async function* sharedMappings(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { images } = context.checkpoint;
  const taken = new Set<number>();
  for await (const { shmid, isAnonymous, file } of inodes(context)) {
    taken.add(shmid);
    if (isAnonymous) yield { ...file, kind: 'shm', id: String(shmid), file: `shm-${shmid}.bin`, name: undefined };
  }
  for (const { id } of await readSysvSegments(context)) taken.add(id);
  for (const id of images.ids('pagemap-shmem')) {
    if (taken.has(id)) continue;
    const pages = await openPageChain(images, 'pagemap-shmem', id, context);
    const holders = context.holders.ofSegment('anonymous', id);
    const size = largest([...holders.map(reachOf), pages ? endOfPages(pages) : 0n]);
    const shared = { form: 'file', kind: 'shm', id: String(id), file: `shm-${id}.bin`, name: undefined } as const;
    const source = { image: fileNameOf('pagemap-shmem', id) };
    yield { ...shared, source, holders, facts: {}, content: pagesContent(pages, size) };
  }
}

/** Lists System V segments as `shm-<id>`. */
export async function* sysvSegments(context: ExtractContext): AsyncGenerator<ExtractableFile, void, undefined> {
  const { images } = context.checkpoint;
  for (const { id, namespaceId, offset, size, facts, inline } of await readSysvSegments(context)) {
    const pages = inline ? undefined : await openPageChain(images, 'pagemap-shmem', id, context);
    const segment = { form: 'file', kind: 'ipc', id: `shm-${id}`, file: `ipc-shm-${id}.bin`, name: undefined } as const;
    const source = { image: fileNameOf('ipcns-shm', namespaceId), offset };
    const holders = context.holders.ofSegment('sysv', id);
    yield { ...segment, source, holders, facts, content: inline ? sourceContent(inline) : pagesContent(pages, size) };
  }
}

type Found = Pick<ExtractableFile, 'form' | 'source' | 'holders' | 'facts' | 'content'>;

/** The inodes of memfd.img, with who has them. */
async function* inodes(context: ExtractContext) {
  const { images } = context.checkpoint;
  const filesOf = filesBy(context.fileTable, ({ memfd }) => memfd?.inodeId);
  for await (const { role, offset, message } of images.records('memfd', undefined, context)) {
    if (role !== 'entry') continue;
    const { name, inodeId, shmid, size, uid, gid, seals, mode } = message;
    const pages: PageChain | undefined = await openPageChain(images, 'pagemap-shmem', shmid, context);
    const ids = filesOf.get(Number(inodeId)) ?? [];
    const facts = { fileIds: ids, shmid, uid, gid, mode: `0${mode.toString(8)}`, seals };
    const source = { image: fileNameOf('memfd'), offset };
    const holders = context.holders.ofFiles(ids);
    const file: Found = { form: 'file', source, holders, facts, content: pagesContent(pages, size) };
    yield { name, inodeId, shmid, isAnonymous: name === ANONYMOUS, file };
  }
}

async function readSysvSegments(context: ExtractContext) {
  const { images } = context.checkpoint;
  const found = [];
  for (const namespaceId of images.ids('ipcns-shm')) {
    for await (const { role, offset, message, payload } of images.records('ipcns-shm', namespaceId, context)) {
      const { desc, size } = message;
      if (role !== 'entry' || desc === undefined) continue;
      const { key, uid, gid, mode } = desc;
      const facts = { key: `0x${key.toString(16)}`, uid, gid, mode: `0${mode.toString(8)}` };
      found.push({ id: desc.id, namespaceId, offset, size, facts, inline: payload['data'] });
    }
  }
  return found;
}

/** How much of a segment a mapping shows. */
function reachOf(holder: Holder): bigint {
  return 'start' in holder ? holder.offset + (holder.end - holder.start) : 0n;
}

function largest(sizes: readonly bigint[]): bigint {
  let most = 0n;
  for (const size of sizes) if (size > most) most = size;
  return most;
}
