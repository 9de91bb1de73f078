/** What `docker save` and `podman save` write, read as a store of content: a tar with manifest.json and plain layers. */
import { openArchive } from '@stillframe/checkpoint';
import {
  type ByteSource,
  bytesSource,
  type Digest,
  digestOf,
  digestSource,
  limits,
  type ReadOptions,
  readAll,
  streamOf,
} from '@stillframe/core';
import {
  type BlobSource,
  type ContentReader,
  type Descriptor,
  encodeCanonical,
  mediaTypes,
  parseImageConfig,
  verified,
} from '@stillframe/oci';
import { runtimeError } from '../errors.ts';

/** One docker archive; the image in it must be alone. */
export interface DockerArchive extends AsyncDisposable {
  readonly reader: ContentReader;
  /** Made here: the archive itself has none. */
  readonly manifest: Descriptor;
  readonly tags: readonly string[];
}

/** Layers of one image; overlayfs itself takes no more than 500. */
const MAX_LAYERS = 500;

/** Opens the archive and hashes its layers. Throws ERR_IMAGE_UNUSABLE, and the errors of a file that is no archive. */
export async function openDockerArchive(path: string, options: ReadOptions = {}): Promise<DockerArchive> {
  const archive = await openArchive(path, options);
  try {
    const open = (name: string): ByteSource => {
      if (!archive.has(name)) throw unusable(path, `names ${JSON.stringify(name.slice(0, 200))}, which is not in it`);
      return archive.open(name);
    };
    const row = rowOf(path, await readAll(open('manifest.json'), { ...options, limit: limits.json }));
    const config = await readAll(open(row.config), { ...options, limit: limits.manifest });
    if (parseImageConfig(config).diffIDs.length !== row.layers.length)
      throw unusable(path, 'lacks layers of its image');
    const sources = new Map<Digest, ByteSource>();
    const layers: Descriptor[] = [];
    for (const name of row.layers) {
      const source = open(name);
      const digest = await digestSource(source, options);
      sources.set(digest, source);
      layers.push({ mediaType: mediaTypes.layer, digest, size: source.size });
    }
    const bytes = encodeCanonical({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length },
      layers,
    });
    const manifest = { mediaType: mediaTypes.manifest, digest: digestOf(bytes), size: bytes.length };
    sources.set(digestOf(config), bytesSource(config));
    const reader = readerOf(manifest, bytes, sources);
    return { reader, manifest, tags: row.tags, [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose]() };
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

function rowOf(path: string, bytes: Uint8Array): { config: string; layers: string[]; tags: string[] } {
  const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!Array.isArray(document) || document.length !== 1) {
    throw unusable(path, `holds ${Array.isArray(document) ? document.length : 'no'} images; save one alone`);
  }
  const { Config: config, Layers: layers, RepoTags: tags } = document[0] as Record<string, unknown>;
  if (typeof config !== 'string' || !isTexts(layers) || layers.length > MAX_LAYERS) {
    throw unusable(path, 'has a manifest.json that names no config and layers');
  }
  return { config, layers, tags: isTexts(tags) ? tags : [] };
}

function readerOf(manifest: Descriptor, bytes: Uint8Array, sources: ReadonlyMap<Digest, ByteSource>): ContentReader {
  const sourceFor = ({ digest }: Descriptor): ByteSource => {
    const source = sources.get(digest);
    if (!source) throw runtimeError('ERR_IMAGE_UNUSABLE', `the archive has no blob ${digest}`);
    return source;
  };
  return {
    resolve: async () => manifest,
    manifest: async () => bytes,
    stream: (descriptor, options = {}) => {
      const content = { [Symbol.asyncIterator]: () => streamOf(sourceFor(descriptor), options) };
      return verified(content, descriptor);
    },
    open: async (descriptor): Promise<BlobSource> => {
      const source = sourceFor(descriptor);
      const readInto: ByteSource['readInto'] = (offset, target, options) => source.readInto(offset, target, options);
      return { size: source.size, readInto, [Symbol.asyncDispose]: async () => undefined };
    },
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function unusable(path: string, fault: string) {
  return runtimeError('ERR_IMAGE_UNUSABLE', `${path} ${fault}`, { details: { path } });
}
