/**
 * The chain store: successive checkpoints of one container, each an image of its own, share the granules that did not
 * change. What is new of a checkpoint is one pack; its recipe tells which granule of which pack stands where.
 */
import { bytesSource, digestOf, type ReadOptions, Sha256, streamOf } from '@stillframe/core';
import { type BlobContent, type Descriptor, encodeManifest, type Layout, mediaTypes, readBlob } from '@stillframe/oci';
import type { Checkpoint } from '../../checkpoint.ts';
import { checkpointError } from '../../errors.ts';
import { ExtentList, extentSource } from '../../extents.ts';
import { type CheckpointFacts, encodeChainAnnotations } from '../../metadata/annotations.ts';
import { demandComplete } from '../convert.ts';
import { factsOf, platformOf } from '../facts.ts';
import { demandRecorded } from '../recorded.ts';
import { CHAIN_TYPE, type ChainLayers, chainTypes, encodeChainConfig, layersOf, type Pack } from './format.ts';
import { type ChainFacts, openChain, readChain, readChainAt } from './open.ts';
import { KEY, PageTable } from './page-table.ts';
import { encodeRecipe, FIRST_PACK } from './recipe.ts';
import { type Scan, scanArchive } from './scan.ts';
import { segmentsOf } from './segments.ts';

export interface AppendOptions extends ReadOptions {
  tag: string;
  /** Manifest of the chain image whose packs may be used; without one the checkpoint begins a chain. */
  parent?: Descriptor | undefined;
  /** Digest that the evidence recorded of the archive: another one is refused, and nothing is stored. */
  recordedDigest?: string | undefined;
  incomplete?: boolean | undefined;
  facts?: Partial<CheckpointFacts> | undefined;
  /** Bytes read of all that are to be: the archive goes by twice, at first and when what was stored is read back. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface AppendedImage {
  readonly manifest: Descriptor;
  /** The archive that the chain gives, by digest and size. */
  readonly archive: Descriptor;
  /** Bytes of the blobs that this checkpoint added. */
  readonly added: number;
  /** Packs that it is put together from, its own included. */
  readonly packs: number;
  readonly facts: CheckpointFacts;
}

/** Packs of earlier checkpoints that one uses at most; a manifest stays small, and a read touches few files. */
const MAX_PACKS = 64;
/** Bytes of a pack's index that are read: granules of a chain are chosen so that a sound one is far below. */
const MAX_INDEX = 512 << 20;

/**
 * Adds a checkpoint to the chain store in `layout` and tags it. What was stored is read back through the recipe and
 * compared with the archive before the tag moves: a parent whose index lies costs an error, never evidence.
 * Throws ERR_IMAGE_SOURCE_UNSUPPORTED, ERR_CHECKPOINT_INCOMPLETE, ERR_CHECKPOINT_DIGEST_MISMATCH, ERR_CHAIN_IMAGE_INVALID,
 * ERR_CHAIN_RECIPE_INVALID, and the errors of the layout.
 */
export async function appendToChain(
  checkpoint: Checkpoint,
  layout: Layout,
  options: AppendOptions,
): Promise<AppendedImage> {
  const { archive } = checkpoint;
  const { tar, compression, whole, label } = archive;
  if (!tar || !whole) throw checkpointError('ERR_IMAGE_SOURCE_UNSUPPORTED', `${label} is no whole archive file`);
  if (compression !== 'none') {
    throw checkpointError('ERR_IMAGE_SOURCE_UNSUPPORTED', `${label} is compressed (${compression})`, {
      hint: 'compressed archives share nothing: decompress it first, then add the tar',
    });
  }
  if (!options.incomplete) demandComplete(checkpoint);
  const parent = options.parent && (await readChainAt(layout, options.parent, options));
  const known = await knownPacks(layout, parent, options);
  const granule = parent?.recipe.granule ?? granuleFor(tar.size);
  const own = FIRST_PACK + known.packs.length;
  const segments = await segmentsOf(archive, tar, options);
  const scan = await scanArchive(
    tar,
    segments,
    { granule, table: known.table, own },
    {
      signal: options.signal,
      onProgress: (bytes) => options.onProgress?.(bytes, 2 * tar.size),
    },
  );
  demandRecorded(scan.digest, options.recordedDigest, label);
  const stored = new Storing(layout, options);
  const layers = await storeLayers(stored, scan, known.packs, { granule, open: async () => tar });
  const config = await stored.blob(chainTypes.config, encodeChainConfig({ digest: scan.digest, size: tar.size }));
  const platform = (await platformOf(checkpoint, options)) ?? { os: 'linux', architecture: 'amd64' };
  const facts = { ...factsOf(checkpoint, platform), ...options.facts };
  const bytes = encodeManifest({
    kind: 'manifest',
    mediaType: mediaTypes.manifest,
    artifactType: CHAIN_TYPE,
    config,
    layers: layersOf(layers),
    annotations: encodeChainAnnotations(facts),
  });
  await verifyStored(layout, { config, layers: layersOf(layers) }, options);
  const manifest = await layout.putManifest(bytes, mediaTypes.manifest, { tag: options.tag, signal: options.signal });
  const described: Descriptor = { mediaType: mediaTypes.layer, digest: scan.digest, size: tar.size };
  return { manifest, archive: described, added: stored.added, packs: layers.packs.length, facts };
}

/** 4 KiB up to 32 GiB, and so that no more than 8 Mi granules have to be known at once beyond. */
function granuleFor(size: number): number {
  let granule = 4096;
  while (size / granule > 1 << 23) granule *= 4;
  return granule;
}

/** The packs of the parent that it uses most, and where their granules are. */
async function knownPacks(layout: Layout, parent: ChainFacts | undefined, options: ReadOptions) {
  const table = new PageTable();
  if (!parent) return { table, packs: [] };
  const used = parent.layers.packs.map(() => 0);
  for (const { source, length } of parent.recipe.extents) {
    const at = source - FIRST_PACK;
    if (at >= 0) used[at] = (used[at] ?? 0) + length;
  }
  const byUse = [...used.keys()].sort((a, b) => (used[b] ?? 0) - (used[a] ?? 0)).slice(0, MAX_PACKS - 1);
  const packs = parent.layers.packs.filter((_pack, at) => byUse.includes(at));
  for (const [at, { index, pack }] of packs.entries()) {
    const keys = await readBlob(layout, index, { signal: options.signal, limit: MAX_INDEX });
    const count = Math.min(Math.floor(keys.length / KEY), Math.floor(pack.size / parent.recipe.granule));
    for (let page = 0; page < count; page += 1) table.add(keys.subarray(page * KEY), FIRST_PACK + at, page);
  }
  return { table, packs };
}

/** Stores the pack, its index, the rest and the recipe; packs that nothing is taken from are left out. */
async function storeLayers(
  stored: Storing,
  scan: Scan,
  known: readonly Pack[],
  { granule, open }: { granule: number; open: Parameters<typeof extentSource>[1] },
): Promise<ChainLayers> {
  const view = async (mediaType: string, { extents, digest }: Scan['pack']): Promise<Descriptor> => {
    const descriptor: Descriptor = { mediaType, digest, size: extents.size };
    await stored.push(descriptor, extentSource(extents, open));
    return descriptor;
  };
  const rest = scan.rest.extents.size > 0 ? await view(chainTypes.rest, scan.rest) : undefined;
  const all = [...known];
  if (scan.pack.extents.size > 0) {
    const pack = await view(chainTypes.pack, scan.pack);
    all.push({ pack, index: await stored.blob(chainTypes.index, scan.index) });
  }
  const { extents, kept } = renumbered(scan.extents);
  const packs = kept.map((number) => all[number - FIRST_PACK]).filter((pack) => pack !== undefined);
  return { recipe: await stored.blob(chainTypes.recipe, encodeRecipe({ granule, extents })), rest, packs };
}

/** Without gaps between the numbers of packs. */
function renumbered(extents: ExtentList): { extents: ExtentList; kept: number[] } {
  const used = new Set<number>();
  for (const { source } of extents) if (source >= FIRST_PACK) used.add(source);
  const kept = [...used].sort((a, b) => a - b);
  const numbers = new Map(kept.map((number, at) => [number, FIRST_PACK + at]));
  const result = new ExtentList();
  for (const { source, start, length } of extents) result.push(numbers.get(source) ?? source, start, length);
  return { extents: result, kept };
}

async function verifyStored(
  layout: Layout,
  manifest: { config: Descriptor; layers: readonly Descriptor[] },
  options: AppendOptions,
): Promise<void> {
  const facts = await readChain(layout, manifest, options);
  await using archive = openChain(layout, facts);
  const { signal, onProgress } = options;
  const hash = new Sha256();
  for await (const chunk of streamOf(archive, { signal, chunkSize: 4 << 20 })) {
    hash.update(chunk);
    onProgress?.(archive.size + hash.size, 2 * archive.size);
  }
  const found = hash.digest();
  if (found === facts.config.digest) return;
  const message = `what was stored gives ${found}, not ${facts.config.digest}: an earlier checkpoint of the chain is not sound`;
  throw checkpointError('ERR_CHAIN_IMAGE_INVALID', message);
}

/** Counts what is new in the layout. */
class Storing {
  added = 0;
  readonly #layout: Layout;
  readonly #options: ReadOptions;

  constructor(layout: Layout, options: ReadOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  async push(descriptor: Descriptor, content: BlobContent): Promise<void> {
    if (!(await this.#layout.has(descriptor, this.#options))) this.added += descriptor.size;
    await this.#layout.push(descriptor, content, this.#options);
  }

  async blob(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await this.push(descriptor, bytesSource(bytes));
    return descriptor;
  }
}
