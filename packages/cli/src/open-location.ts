/** An image's place as the user writes it: `oci:LAYOUT[:TAG]` or a registry reference. */
import { type ContentStore, Layout, parseImageLocation } from '@stillframe/oci';
import type { Io } from './io.ts';
import { openRegistries } from './registries.ts';

export interface OpenLocation extends AsyncDisposable {
  kind: 'layout' | 'registry';
  store: ContentStore;
  /** Tag or digest; `latest` where none was written. */
  tag: string;
}

/** `create`: makes a layout that is not there yet. */
export async function openLocation(text: string, io: Io, options: { create?: boolean } = {}): Promise<OpenLocation> {
  const location = parseImageLocation(text);
  if (location.kind === 'layout') {
    const store = options.create ? await Layout.create(location.path) : await Layout.open(location.path);
    return { kind: 'layout', store, tag: location.tag ?? 'latest', [Symbol.asyncDispose]: async () => undefined };
  }
  const registries = openRegistries(io.env);
  const { tag, digest } = location.reference;
  return {
    kind: 'registry',
    store: registries.repository(text),
    tag: digest ?? tag ?? 'latest',
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  };
}
