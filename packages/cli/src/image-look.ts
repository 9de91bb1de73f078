/** `stillframe image inspect` and `extract`: what a checkpoint image says of itself, and the archive out of it. */
import { stat } from 'node:fs/promises';
import {
  archiveOf,
  type CheckpointImage,
  checkpointImageAt,
  checkpointImagesAt,
  contentDigest,
  extractArchive,
} from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import type { ContentReader, Descriptor } from '@stillframe/oci';
import type { Command } from 'commander';
import { renderFacts } from './display/facts.ts';
import { renderJson } from './display/json.ts';
import { showProgress } from './display/progress.ts';
import { exitCodes } from './exit.ts';
import { writeAttached } from './image-evidence.ts';
import { CONTAINER_HELP, IMAGE_HELP } from './image-help.ts';
import type { Io } from './io.ts';
import { openSource } from './open-location.ts';
import { type RegistryFlags, withRegistry } from './registries/flags.ts';

type Done = (code: number) => void;
type LookOptions = RegistryFlags & { container?: string };

/**
 * What the image says was recorded at the capture, beside what it holds: whether its layer is that archive, and whether it
 * is once it is decompressed, by the word of its config. Undefined where it says nothing.
 */
async function recordedIn(store: ContentReader, image: CheckpointImage | undefined, signal: AbortSignal) {
  const digest = image?.facts.recordedDigest;
  if (!image || digest === undefined) return undefined;
  const name = image.facts.recordedName;
  const single = image.chain !== undefined || image.layers.length === 1;
  const isLayer = single && archiveOf(image).digest === digest;
  const isArchive = isLayer || (single && (await contentDigest(store, image, { signal })) === digest);
  return { digest, ...(name === undefined ? {} : { name }), isLayer, isArchive };
}

export function registerInspect(group: Command, io: Io, done: Done): void {
  const command = group
    .command('inspect')
    .description('What a checkpoint image says of itself; exit code 4 where its layer is not what was recorded')
    .argument('<image>', IMAGE_HELP)
    .option('--container <name>', CONTAINER_HELP)
    .action(async (what: string, { container, ...flags }: LookOptions) => {
      const { signal } = io;
      await using place = await openSource(what, io, flags);
      const descriptor = await place.store.resolve(place.tag, { signal });
      const images =
        container === undefined
          ? await checkpointImagesAt(place.store, descriptor, { signal })
          : [await checkpointImageAt(place.store, descriptor, { signal, container })];
      const seen = await Promise.all(
        images.map(async (image) => ({ ...image, recorded: await recordedIn(place.store, image, signal) })),
      );
      const [only] = seen;
      io.out(
        seen.length > 1
          ? renderJson('PodCheckpointImage', 1, {
              reference: what,
              checkpoint: true,
              index: descriptor,
              containers: seen,
            })
          : renderJson('CheckpointImage', 1, { reference: what, checkpoint: only?.facts !== undefined, ...only }),
      );
      done(seen.some(({ recorded }) => recorded?.isArchive === false) ? exitCodes.partial : exitCodes.ok);
    });
  withRegistry(command);
}

export function registerExtract(group: Command, io: Io, done: Done): void {
  const command = group
    .command('extract')
    .description(
      'The archive out of a checkpoint image, byte for byte, decompressed where a tool compressed it on the way; exit code ' +
        '4 where it is not what was recorded at the capture',
    )
    .argument('<image>', IMAGE_HELP)
    .argument('<archive>', 'file to write; must not exist')
    .option('--container <name>', CONTAINER_HELP)
    .action(async (what: string, archive: string, { container, ...flags }: LookOptions) => {
      await using place = await openSource(what, io, flags);
      const descriptor = await place.store.resolve(place.tag, { signal: io.signal });
      const image = await checkpointImageAt(place.store, descriptor, { signal: io.signal, container });
      const recorded = image?.facts.recordedDigest;
      const { digest } = await extracted(place.store, image?.manifest ?? descriptor, archive, io);
      const subjects = [descriptor, ...(image && image.manifest.digest !== descriptor.digest ? [image.manifest] : [])];
      const evidence = await writeAttached(place.store, subjects, { archive, digest }, io.signal);
      const same = recorded === undefined || recorded === digest;
      const rows = [
        ['size', bytesText((await stat(archive)).size)],
        ['sha256', digest.replace('sha256:', '')],
        ['recorded', recorded === undefined ? 'nothing' : `${harmless(recorded)}${same ? ', the same' : ', ANOTHER'}`],
        ['evidence', evidence ? evidencePath(archive) : 'none came with it'],
      ];
      io.out(`${archive}\n${renderFacts(rows)}`);
      done(same ? exitCodes.ok : exitCodes.partial);
    });
  withRegistry(command);
}

/** The line of its progress goes before the result comes. */
async function extracted(store: ContentReader, descriptor: Descriptor, archive: string, io: Io): Promise<Descriptor> {
  using progress = showProgress(io, 'extract');
  const options = { signal: io.signal, replace: false, onProgress: progress.update };
  return await extractArchive(store, descriptor, archive, options);
}
