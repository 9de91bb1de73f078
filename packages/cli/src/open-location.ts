/** An image's place as the user writes it: `oci:LAYOUT[:TAG]` or a registry reference. */
import {
  type ContentStore,
  formatReference,
  type ImageLocation,
  Layout,
  namesRegistry,
  parseImageLocation,
} from '@stillframe/oci';
import type { Io } from './io.ts';
import { openRegistries } from './registries.ts';
import { cliError } from './usage.ts';

export interface OpenLocation extends AsyncDisposable {
  kind: 'layout' | 'registry';
  store: ContentStore;
  /** Tag or digest; `latest` where none was written. */
  tag: string;
}

/**
 * What `text` names. Throws ERR_OCI_REFERENCE_INVALID, and ERR_REFERENCE_INCOMPLETE for a name without a registry: memory
 * with all its secrets must not go to a public one because a word was left out.
 */
export function parseLocation(text: string): ImageLocation {
  const location = parseImageLocation(text);
  if (location.kind === 'layout' || namesRegistry(text)) return location;
  throw cliError('ERR_REFERENCE_INCOMPLETE', `${JSON.stringify(text)} names no registry`, {
    hint: `was ${formatReference(location.reference)} meant? write it in full; oci:LAYOUT:TAG is an image in a folder`,
  });
}

/** Whether a tag or digest is written in `text`, so that `latest` is not guessed. Throws what parseLocation throws. */
export function namesVersion(text: string): boolean {
  const location = parseLocation(text);
  if (location.kind === 'layout') return location.tag !== undefined;
  return location.reference.digest !== undefined || text.slice(text.lastIndexOf('/')).includes(':');
}

/** `create`: makes a layout that is not there yet. Throws what parseLocation throws. */
export async function openLocation(text: string, io: Io, options: { create?: boolean } = {}): Promise<OpenLocation> {
  const location = parseLocation(text);
  if (location.kind === 'layout') {
    const store = options.create ? await Layout.create(location.path) : await Layout.open(location.path);
    return { kind: 'layout', store, tag: location.tag ?? 'latest', [Symbol.asyncDispose]: async () => undefined };
  }
  const registries = openRegistries(io.env);
  const { tag, digest } = location.reference;
  return {
    kind: 'registry',
    store: registries.repository(formatReference(location.reference)),
    tag: digest ?? tag ?? 'latest',
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  };
}
