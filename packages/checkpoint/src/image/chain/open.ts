/** The archive of a chain image, read where its layers lie: only what is looked at is fetched. */
import { type ByteSource, type ReadOptions, UndoStack } from '@stillframe/core';
import { type ContentReader, type Descriptor, type Manifest, parseManifest, readBlob } from '@stillframe/oci';
import { extentSource } from '../../extents.ts';
import { cachedSource } from '../block-cache.ts';
import { type ChainConfig, type ChainLayers, chainLayers, decodeChainConfig, invalid, MAX_CONFIG } from './format.ts';
import { decodeRecipe, FIRST_PACK, MAX_RECIPE, REST, type Recipe } from './recipe.ts';

/** What a chain image says of itself. */
export interface ChainFacts {
  readonly config: ChainConfig;
  readonly layers: ChainLayers;
  readonly recipe: Recipe;
}

/** An archive put together. The store must outlive it. */
export interface ChainArchive extends ByteSource, AsyncDisposable {}

/** As for compressed archives: zeroes and repeated granules take no room, so a small image could claim any size. */
const MAX_RATIO = 1000;

/** Throws ERR_CHAIN_IMAGE_INVALID, and the errors of the store. */
export async function readChainConfig(
  store: ContentReader,
  { config }: Pick<Manifest, 'config'>,
  options: ReadOptions = {},
): Promise<ChainConfig> {
  return decodeChainConfig(await readBlob(store, config, { ...options, limit: MAX_CONFIG }));
}

/** The chain behind a manifest's descriptor. Throws as readChain does. */
export async function readChainAt(
  store: ContentReader,
  descriptor: Descriptor,
  options: ReadOptions = {},
): Promise<ChainFacts> {
  return readChain(store, parseManifest(await store.manifest(descriptor, options), descriptor.mediaType), options);
}

/** Throws ERR_CHAIN_IMAGE_INVALID, ERR_CHAIN_RECIPE_INVALID, and the errors of the store. */
export async function readChain(
  store: ContentReader,
  manifest: Pick<Manifest, 'config' | 'layers'>,
  options: ReadOptions = {},
): Promise<ChainFacts> {
  const config = await readChainConfig(store, manifest, options);
  const layers = chainLayers(manifest.layers);
  const recipe = decodeRecipe(await readBlob(store, layers.recipe, { ...options, limit: MAX_RECIPE }));
  if (recipe.extents.size !== config.size) throw invalid('recipe and config give two sizes');
  const held = manifest.layers.reduce((sum, { size }) => sum + size, 0);
  if (config.size > held * MAX_RATIO) throw invalid(`it claims more than ${MAX_RATIO} times what its layers hold`);
  for (const { source, start, length } of recipe.extents) {
    const pack = layers.packs[source - FIRST_PACK]?.pack;
    const size = source < FIRST_PACK ? (source === REST ? (layers.rest?.size ?? 0) : length) : pack?.size;
    if (size === undefined || start + length > size) throw invalid('its recipe asks for more than its layers hold');
  }
  return { config, layers, recipe };
}

/** As any ranges of a blob, what is read is not verified; whoever needs proof compares the digest of the whole. */
export function openChain(store: ContentReader, { layers, recipe }: ChainFacts): ChainArchive {
  const closing = new UndoStack();
  const source = extentSource(recipe.extents, async (number) => {
    const descriptor = number === REST ? layers.rest : layers.packs[number - FIRST_PACK]?.pack;
    if (!descriptor) throw invalid(`it has no source ${number}`);
    const blob = await store.open(descriptor);
    closing.push('layer', async () => await blob[Symbol.asyncDispose]());
    // Pages that follow one another in the archive lie near one another in a pack, with gaps: few reads serve many of them.
    return cachedSource(blob, blob.locator?.kind === 'file' ? { blockSize: 128 << 10 } : {});
  });
  return { ...source, [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose]() };
}
