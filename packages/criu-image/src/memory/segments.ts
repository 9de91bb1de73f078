/** Which shared memory segment a VMA shows, and its pages: anonymous, System V and memfd. checkpoint-spec 7.4, 7.5. */
import type { ImageSet } from '../image-set.ts';
import type { vma_entry } from '../proto.ts';
import { openPageChain, type PageChain } from './page-chain.ts';
import type { StoredPagesOptions } from './stored-pages.ts';
import { VmaStatus } from './vma-status.ts';

/** The segments of one image set, opened when they are asked for and kept. */
export class Segments {
  readonly #set: ImageSet;
  readonly #options: StoredPagesOptions;
  readonly #open = new Map<bigint, Promise<PageChain | undefined>>();
  #memfds: Promise<ReadonlyMap<number, number>> | undefined;

  constructor(set: ImageSet, options: StoredPagesOptions) {
    this.#set = set;
    this.#options = options;
  }

  /** Whether the VMA shows a segment. */
  static shows(vma: vma_entry): boolean {
    return (vma.status & (VmaStatus.ANON_SHARED | VmaStatus.SYSVIPC | VmaStatus.MEMFD)) !== 0;
  }

  /** The id of the segment a VMA shows, by which its pagemap-shmem image is named; undefined where no image tells. */
  async idOf(vma: vma_entry): Promise<bigint | undefined> {
    if ((vma.status & VmaStatus.MEMFD) === 0) return Segments.shows(vma) ? vma.shmid : undefined;
    // Here shmid is the id of a file, as for any mapped file.
    this.#memfds ??= memfdSegments(this.#set, this.#options);
    const id = (await this.#memfds).get(Number(vma.shmid));
    return id === undefined ? undefined : BigInt(id);
  }

  /** The pages of the segment a VMA shows; undefined where the set has none of them. */
  async of(vma: vma_entry): Promise<PageChain | undefined> {
    const id = await this.idOf(vma);
    if (id === undefined) return undefined;
    let opening = this.#open.get(id);
    if (opening === undefined) {
      opening = openPageChain(this.#set, 'pagemap-shmem', id, this.#options);
      this.#open.set(id, opening);
    }
    return opening;
  }
}

/** The segment of each memfd, by the id of its file. */
async function memfdSegments(set: ImageSet, options: StoredPagesOptions): Promise<ReadonlyMap<number, number>> {
  const byInode = new Map<number, number>();
  for await (const { inodeId, shmid } of set.entries('memfd', undefined, options)) byInode.set(Number(inodeId), shmid);
  const byFile = new Map<number, number>();
  for await (const { id, memfd } of set.entries('files', undefined, options)) {
    const shmid = memfd && byInode.get(memfd.inodeId);
    if (shmid !== undefined) byFile.set(id, shmid);
  }
  return byFile;
}
