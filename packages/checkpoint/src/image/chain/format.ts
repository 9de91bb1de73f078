/**
 * A chain image: a checkpoint whose archive is put together from layers that it shares with other checkpoints. It is for
 * Stillframe alone, so it bears no mark by which an engine would take it for an archive of its own.
 */
import { type Digest, isDigest } from '@stillframe/core';
import { type Descriptor, encodeCanonical, type Manifest } from '@stillframe/oci';
import { checkpointError } from '../../errors.ts';

/** The manifest's artifactType. */
export const CHAIN_TYPE = 'application/vnd.stillframe.checkpoint.chain.v1';

/** Layers, in this order: the recipe, the rest where there is any, then index and pack of each pack. */
export const chainTypes = {
  config: 'application/vnd.stillframe.checkpoint.chain.config.v1+json',
  recipe: 'application/vnd.stillframe.checkpoint.chain.recipe.v1',
  /** Headers, small files and tails, as they follow one another. */
  rest: 'application/vnd.stillframe.checkpoint.chain.rest.v1',
  /** The KEY of every granule of the pack that follows, in its order. */
  index: 'application/vnd.stillframe.checkpoint.chain.index.v1',
  /** Granules, one after another. */
  pack: 'application/vnd.stillframe.checkpoint.chain.pack.v1',
} as const;

/** Bytes of a config. */
export const MAX_CONFIG = 64 << 10;

/** Granules of some checkpoint, and how to find them. */
export interface Pack {
  readonly index: Descriptor;
  readonly pack: Descriptor;
}

/** The layers of a chain image by what they are. */
export interface ChainLayers {
  readonly recipe: Descriptor;
  readonly rest: Descriptor | undefined;
  readonly packs: readonly Pack[];
}

/** The archive that the chain gives. */
export interface ChainConfig {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export function isChain({ artifactType }: Pick<Manifest, 'artifactType'>): boolean {
  return artifactType === CHAIN_TYPE;
}

export function encodeChainConfig({ digest, size }: ChainConfig): Uint8Array {
  return encodeCanonical({ version: 1, archive: { digest, size } });
}

/** Throws ERR_CHAIN_IMAGE_INVALID. */
export function decodeChainConfig(bytes: Uint8Array): ChainConfig {
  let document: { version?: unknown; archive?: { digest?: unknown; size?: unknown } | null } | null;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid('its config is no JSON', cause);
  }
  const { digest, size } = document?.archive ?? {};
  if (document?.version !== 1) throw invalid('its config is of another version');
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid('its config names no archive');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid('its config has no size');
  return { digest, size };
}

/** Throws ERR_CHAIN_IMAGE_INVALID. */
export function chainLayers(layers: readonly Descriptor[]): ChainLayers {
  const [recipe, ...others] = layers;
  if (recipe?.mediaType !== chainTypes.recipe) throw invalid('its first layer is no recipe');
  const rest = others[0]?.mediaType === chainTypes.rest ? others.shift() : undefined;
  const packs: Pack[] = [];
  for (let at = 0; at < others.length; at += 2) {
    const [index, pack] = [others[at], others[at + 1]];
    if (index?.mediaType !== chainTypes.index || pack?.mediaType !== chainTypes.pack)
      throw invalid('its layers are not index and pack in turn');
    packs.push({ index, pack });
  }
  return { recipe, rest, packs };
}

export function layersOf({ recipe, rest, packs }: ChainLayers): Descriptor[] {
  return [recipe, ...(rest ? [rest] : []), ...packs.flatMap(({ index, pack }) => [index, pack])];
}

/** The error for a chain image that is not as this file says. */
export function invalid(why: string, cause?: unknown) {
  return checkpointError('ERR_CHAIN_IMAGE_INVALID', `the chain image cannot be used: ${why}`, { cause });
}
