/** `stillframe image rm`: images out of a layout or a registry. */
import { bytesText, harmless, orAbsent } from '@stillframe/core';
import {
  type ContentReader,
  type ContentStore,
  imagePinned,
  Layout,
  type Removed,
  signatureTag,
} from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from '../commands/command.ts';
import { renderJson } from '../display/json.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { namesVersion, type OpenLocation, openLocation } from '../open-location.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { KEEP_KIND } from '../retention/prune-registry.ts';
import { cliError } from '../usage.ts';
import { IMAGE_HELP, VERSION_HINT } from './help.ts';

interface RemovedRow {
  reference: string;
  blobs: number | null;
  bytes: number | null;
  unreadable: readonly string[];
}

export function registerRemove(group: Command, io: Io, done: (code: number) => void): void {
  const command = group
    .command('rm')
    .description(
      'Remove images. In a layout the content goes with them that no other image there has; a registry collects it by its ' +
        'own rules, and most remove by digest only (NAME@sha256:…), with all tags of that manifest',
    )
    .argument('<image...>', `${IMAGE_HELP}; tag or digest must be given`)
    .addOption(outputOption('table', 'json'))
    .action(async (given: string[], { output, ...flags }: RegistryFlags & { output: string }) => {
      const images = [...new Set(given)];
      // All are looked at before the first is removed: a mistyped one leaves the others in peace.
      for (const image of images) demandNamed(image);
      for (const image of images)
        await atPlace(image, { io, flags }, (place) => place.store.resolve(place.tag, { signal: io.signal }));
      const removed: RemovedRow[] = [];
      try {
        for (const reference of images) {
          const row = rowOf(
            reference,
            await atPlace(reference, { io, flags }, (place) => removeWhole(place, io.signal)),
          );
          removed.push(row);
          if (output !== 'json') io.out(textOf(row));
        }
      } finally {
        // Where one fails, those before it are gone all the same.
        if (output === 'json') io.out(renderJson('RemovedImageList', 1, { removed }));
      }
      if (removed.some(({ unreadable }) => unreadable.length > 0)) done(exitCodes.partial);
    });
  withRegistry(command);
}

async function atPlace<T>(
  reference: string,
  { io, flags }: { io: Io; flags: RegistryFlags },
  work: (place: OpenLocation) => Promise<T>,
): Promise<T> {
  await using place = await openLocation(reference, io, flags);
  return await work(place);
}

/** With its signatures, unless the image has another name there. Throws ERR_OCI_IMAGE_PINNED. */
async function removeWhole({ store, tag }: OpenLocation, signal: AbortSignal): Promise<Removed | undefined> {
  const { digest } = await store.resolve(tag, { signal });
  const pin = `${digest.replace(':', '-')}.${KEEP_KIND}`;
  // A layout tells by itself.
  if (!(store instanceof Layout) && (await isThere(store, pin, signal)))
    throw imagePinned(`${tag} is pinned, by the tag ${pin}`);
  const removed = await store.remove(tag, { signal });
  if (await isThere(store, digest, signal)) return removed;
  const signatures = signatureTag(digest);
  if (!(await isThere(store, signatures, signal))) return removed;
  const also = await removeTag(store, signatures, signal);
  if (!removed || !also) return removed;
  return { ...removed, blobs: removed.blobs + also.blobs, bytes: removed.bytes + also.bytes };
}

/** Most registries remove by digest alone; a layout forgets a tag. */
async function removeTag(store: ContentStore, tag: string, signal: AbortSignal): Promise<Removed | undefined> {
  if (store instanceof Layout) return await store.remove(tag, { signal });
  const { digest } = await store.resolve(tag, { signal });
  return await store.remove(digest, { signal });
}

async function isThere(store: ContentReader, reference: string, signal: AbortSignal): Promise<boolean> {
  return (await orAbsent(store.resolve(reference, { signal }), 'ERR_OCI_MANIFEST_UNKNOWN')) !== undefined;
}

function rowOf(reference: string, removed: Removed | undefined): RemovedRow {
  const { blobs = null, bytes = null, unreadable = [] } = removed ?? {};
  return { reference, blobs, bytes, unreadable };
}

function textOf({ reference, bytes, unreadable }: RemovedRow): string {
  const content = bytes === null ? 'its content is the registry’s to collect' : bytesText(bytes);
  const left = unreadable
    .map((digest) => `left      all content: what ${harmless(digest)} needs cannot be told, since it cannot be read\n`)
    .join('');
  return `${reference}\nremoved   ${content}\n${left}`;
}

/** Throws ERR_USAGE_ARGUMENT where `latest` would be guessed, and what parseLocation throws. */
function demandNamed(image: string): void {
  if (namesVersion(image)) return;
  throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(image)} names no tag and no digest`, { hint: VERSION_HINT });
}
