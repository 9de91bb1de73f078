/** Where a pull reads from: a registry, or an image layout or docker archive of this machine. */
import { basename, isAbsolute } from 'node:path';
import type { ReadOptions } from '@stillframe/core';
import {
  type ContentReader,
  type Credentials,
  formatReference,
  Layout,
  parseImageLocation,
  parseReference,
  type Reference,
  tagOf,
} from '@stillframe/oci';
import { runtimeError } from '../errors.ts';
import { openDockerArchive } from './docker-archive.ts';

/** Opens the repository that a reference names, with the node's mirrors and, where given, a client's credentials. */
export type OpenRepository = (reference: string, credentials?: Credentials) => ContentReader;

export interface PullOptions extends ReadOptions {
  open: OpenRepository;
  /** For the registry that the reference names; the node's own where absent. */
  credentials?: Credentials | undefined;
  /** Name that an image of a local file gets, in place of its own. */
  name?: string | undefined;
}

export interface PullSource extends AsyncDisposable {
  readonly reader: ContentReader;
  /** Tag or digest to ask `reader` for. */
  readonly reference: string;
  /** Names that the image gets. */
  readonly names: readonly string[];
  /** `registry/repository` of its digest; undefined where it came from no registry. */
  readonly repository: string | undefined;
}

const ARCHIVE = 'docker-archive:';
const LAYOUT = 'oci:';
const CLOSED = { [Symbol.asyncDispose]: async () => undefined };

/**
 * Opens `reference`: that of a registry, `oci:/PATH[:TAG]` or `docker-archive:/PATH`.
 * Throws ERR_IMAGE_REFERENCE for a relative path, ERR_OCI_REFERENCE_INVALID, and what opening the file throws.
 */
export async function openPullSource(reference: string, options: PullOptions): Promise<PullSource> {
  if (reference.startsWith(ARCHIVE)) return fromArchive(demandAbsolute(reference.slice(ARCHIVE.length)), options);
  if (reference.startsWith(LAYOUT)) return fromLayout(reference, options);
  const parsed = parseReference(reference);
  return {
    reader: options.open(reference, options.credentials),
    reference: parsed.digest ?? parsed.tag ?? 'latest',
    names: parsed.digest === undefined ? [formatReference(parsed)] : [],
    repository: repositoryOf(parsed),
    ...CLOSED,
  };
}

async function fromLayout(text: string, { name }: PullOptions): Promise<PullSource> {
  const location = parseImageLocation(text);
  if (location.kind !== 'layout') throw runtimeError('ERR_IMAGE_REFERENCE', `${JSON.stringify(text)} names no layout`);
  const layout = await Layout.open(demandAbsolute(location.path));
  const entries = await layout.entries();
  const only = location.tag === undefined && entries.length === 1 ? entries[0] : undefined;
  if (location.tag === undefined && !only) {
    throw runtimeError('ERR_IMAGE_REFERENCE', `${location.path} holds ${entries.length} images; name one by its tag`);
  }
  const tag = location.tag ?? tagOf(only);
  return {
    reader: layout,
    reference: location.tag ?? only?.digest ?? 'latest',
    names: localNames(name ?? tag, basename(location.path)),
    repository: undefined,
    ...CLOSED,
  };
}

async function fromArchive(path: string, { name, signal }: PullOptions): Promise<PullSource> {
  const archive = await openDockerArchive(path, { signal });
  return {
    reader: archive.reader,
    reference: archive.manifest.digest,
    names: name === undefined ? archive.tags.flatMap((tag) => localNames(tag, '')) : localNames(name, ''),
    repository: undefined,
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}

/** A tag alone, as layouts have them, becomes one of a repository `localhost/FOLDER`. */
function localNames(text: string | undefined, folder: string): string[] {
  if (text === undefined) return [];
  const whole = /[/:]/.test(text) || folder === '' ? text : `localhost/${folder.toLowerCase()}:${text}`;
  return [formatReference(parseReference(whole))];
}

function demandAbsolute(path: string): string {
  if (isAbsolute(path)) return path;
  throw runtimeError('ERR_IMAGE_REFERENCE', `${JSON.stringify(path)} is not an absolute path`);
}

function repositoryOf({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}
