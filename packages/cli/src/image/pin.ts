/** `stillframe image pin` and `unpin`: images that no rule of retention removes, in a layout or a registry. */
import { bytesSource, digestOf, orAbsent } from '@stillframe/core';
import { type ContentStore, type Descriptor, encodeManifest, keepImage, Layout, mediaTypes } from '@stillframe/oci';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { namesVersion, openLocation } from '../open-location.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { KEEP_KIND } from '../retention/prune-registry.ts';
import { cliError } from '../usage.ts';
import { IMAGE_HELP, VERSION_HINT } from './help.ts';

/** The artifactType of a pin in a registry. */
const PIN = 'application/vnd.stillframe.image.keep.v1';
const EMPTY = new TextEncoder().encode('{}');

export function registerPins(group: Command, io: Io): void {
  const verbs = [
    [
      'pin',
      'Keep images: `image prune` leaves them. In a layout an annotation says so, in a registry a tag sha256-….keep',
      true,
    ],
    ['unpin', 'Take the pin away', false],
  ] as const;
  for (const [verb, description, kept] of verbs) {
    const command = group
      .command(verb)
      .description(description)
      .argument('<image...>', `${IMAGE_HELP}; tag or digest must be given`)
      .action(async (given: string[], flags: RegistryFlags) => {
        for (const image of given) {
          if (namesVersion(image)) continue;
          throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(image)} names no tag and no digest`, {
            hint: VERSION_HINT,
          });
        }
        for (const image of new Set(given)) {
          await using place = await openLocation(image, io, flags);
          const { store, tag } = place;
          const { signal } = io;
          const changed =
            store instanceof Layout
              ? await keepImage(store, tag, kept, { signal })
              : await keepInRegistry(store, await store.resolve(tag, { signal }), kept, signal);
          io.out(`${verb}ned${changed ? '' : ' already'}  ${image}\n`);
        }
      });
    withRegistry(command);
  }
}

async function keepInRegistry(
  store: ContentStore,
  { digest }: Descriptor,
  kept: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const tag = `${digest.replace(':', '-')}.${KEEP_KIND}`;
  const found = await orAbsent(store.resolve(tag, { signal }), 'ERR_OCI_MANIFEST_UNKNOWN');
  if ((found !== undefined) === kept) return false;
  if (found) {
    await store.remove(found.digest, { signal });
    return true;
  }
  const empty: Descriptor = { mediaType: mediaTypes.empty, digest: digestOf(EMPTY), size: EMPTY.length };
  await store.push(empty, bytesSource(EMPTY), { signal });
  // Whose it is stands in it, so that no two pins are one manifest, which a removal would take from both.
  const bytes = encodeManifest({
    kind: 'manifest',
    mediaType: mediaTypes.manifest,
    artifactType: PIN,
    config: empty,
    layers: [empty],
    annotations: { 'io.stillframe.image.kept': digest },
  });
  await store.putManifest(bytes, mediaTypes.manifest, { tag, signal });
  return true;
}
