/** An image's place as the user writes it: `oci:LAYOUT[:TAG]` or a registry reference. */
import {
  type ContentReader,
  type ContentStore,
  formatReference,
  type ImageLocation,
  Layout,
  namesRegistry,
  parseImageLocation,
  type Reference,
} from '@stillframe/oci';
import type { Io } from './io.ts';
import { connectRegistries, type RegistryFlags } from './registries/flags.ts';
import { cliError } from './usage.ts';

/** A place to read from. */
export interface OpenSource extends AsyncDisposable {
  kind: 'layout' | 'registry';
  store: ContentReader;
  /** Tag or digest; `latest` where none was written. */
  tag: string;
}

/** A place to write to. */
export interface OpenLocation extends OpenSource {
  store: ContentStore;
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

/**
 * A place to write to, or to remove from. `create`: makes a layout that is not there yet. Throws what parseLocation throws,
 * ERR_REGISTRIES_CONF, ERR_REGISTRY_BLOCKED.
 */
export async function openLocation(
  text: string,
  io: Io,
  { create = false, ...flags }: RegistryFlags & { create?: boolean } = {},
): Promise<OpenLocation> {
  const location = parseLocation(text);
  if (location.kind === 'layout') return { store: await openLayout(location.path, create), ...layoutPlace(location) };
  const registries = await connectRegistries(io, flags);
  const { reference } = location;
  return { store: registries.repository(formatReference(reference)), ...registryPlace(reference, registries) };
}

/** A place to read from, of a registry by way of its mirrors. Throws what openLocation throws. */
export async function openSource(text: string, io: Io, flags: RegistryFlags = {}): Promise<OpenSource> {
  const location = parseLocation(text);
  if (location.kind === 'layout') return { store: await openLayout(location.path, false), ...layoutPlace(location) };
  const registries = await connectRegistries(io, flags);
  const { reference } = location;
  return { store: registries.mirrored(formatReference(reference)), ...registryPlace(reference, registries) };
}

function openLayout(path: string, create: boolean): Promise<Layout> {
  return create ? Layout.create(path) : Layout.open(path);
}

function layoutPlace({ tag = 'latest' }: { tag?: string }) {
  return { kind: 'layout' as const, tag, [Symbol.asyncDispose]: async () => undefined };
}

function registryPlace({ tag, digest }: Reference, registries: AsyncDisposable) {
  const close = () => registries[Symbol.asyncDispose]();
  return { kind: 'registry' as const, tag: digest ?? tag ?? 'latest', [Symbol.asyncDispose]: close };
}
