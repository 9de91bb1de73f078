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
import { bytesText, harmless, StillframeError } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import { type ContentReader, type Descriptor, isEncryptedType, type Recipient, recipientsOf } from '@stillframe/oci';
import type { Command } from 'commander';
import { renderFacts } from './display/facts.ts';
import { renderJson } from './display/json.ts';
import { exitCodes } from './exit.ts';
import { writeAttached } from './image-evidence.ts';
import { CONTAINER_HELP, IMAGE_HELP } from './image-help.ts';
import type { Io } from './io.ts';
import { readDecryptionKeys, seenThrough } from './key-files.ts';
import { type DecryptionOptions, withDecryptionKey } from './key-options.ts';
import { type OpenLocation, openLocation } from './open-location.ts';
import { type PolicyOptions, resolveAllowed, withPolicy } from './signature-policy.ts';

type Done = (code: number) => void;

/**
 * What the image says was recorded at the capture, beside what it holds: whether its layer is that archive, and whether it
 * is once it is decompressed, by the word of its config. Undefined where it says nothing.
 */
async function recordedIn(store: ContentReader, image: CheckpointImage | undefined, signal: AbortSignal) {
  const digest = image?.facts.recordedDigest;
  if (!image || digest === undefined) return undefined;
  const name = image.facts.recordedName;
  // What it holds, only a key tells.
  if (isLocked(image)) return { digest, ...(name === undefined ? {} : { name }), isLayer: null, isArchive: null };
  const single = image.chain !== undefined || image.layers.length === 1;
  const isLayer = single && archiveOf(image).digest === digest;
  const isArchive = isLayer || (single && (await contentDigest(store, image, { signal })) === digest);
  return { digest, ...(name === undefined ? {} : { name }), isLayer, isArchive };
}

function isLocked({ layers }: Pick<CheckpointImage, 'layers'>): boolean {
  return layers.some(({ mediaType }) => isEncryptedType(mediaType));
}

/** For whom the layers of an image are encrypted; undefined where none is, null for one whose recipients cannot be read. */
function encryptionOf(image: CheckpointImage | undefined) {
  if (!image || !isLocked(image)) return {};
  const encrypted = image.layers.filter(({ mediaType }) => isEncryptedType(mediaType));
  return { encryption: encrypted.map((layer) => ({ layer: layer.digest, recipients: recipientsIn(layer) })) };
}

function recipientsIn(layer: Descriptor): Recipient[] | null {
  try {
    return recipientsOf(layer);
  } catch (error) {
    if (StillframeError.is(error)) return null;
    throw error;
  }
}

interface LookOptions extends DecryptionOptions, PolicyOptions {
  container?: string;
}

/** The image behind `place`, as one with these keys sees it. */
async function seen(place: OpenLocation, what: string, options: LookOptions, io: Io) {
  const { decryptionKey = [] } = options;
  const { digest } = await resolveAllowed(place, what, options, io);
  const store = seenThrough(place.store, await readDecryptionKeys(decryptionKey, io));
  return { store, descriptor: await store.resolve(digest, { signal: io.signal }) };
}

export function registerInspect(group: Command, io: Io, done: Done): void {
  const command = group
    .command('inspect')
    .description(
      'What a checkpoint image says of itself, and for whom it is encrypted; exit code 4 where its layer is not what was recorded',
    )
    .argument('<image>', IMAGE_HELP)
    .option('--container <name>', CONTAINER_HELP);
  withPolicy(withDecryptionKey(command)).action(async (what: string, options: LookOptions) => {
    const { signal } = io;
    await using place = await openLocation(what, io);
    const { store, descriptor } = await seen(place, what, options, io);
    const { container } = options;
    const images =
      container === undefined
        ? await checkpointImagesAt(store, descriptor, { signal })
        : [await checkpointImageAt(store, descriptor, { signal, container })];
    const shown = await Promise.all(
      images.map(async (image) => ({
        ...image,
        ...encryptionOf(image),
        recorded: await recordedIn(store, image, signal),
      })),
    );
    const [only] = shown;
    io.out(
      shown.length > 1
        ? renderJson('PodCheckpointImage', 1, {
            reference: what,
            checkpoint: true,
            index: descriptor,
            containers: shown,
          })
        : renderJson('CheckpointImage', 1, { reference: what, checkpoint: only?.facts !== undefined, ...only }),
    );
    done(shown.some(({ recorded }) => recorded?.isArchive === false) ? exitCodes.partial : exitCodes.ok);
  });
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
    .option('--container <name>', CONTAINER_HELP);
  withPolicy(withDecryptionKey(command)).action(async (what: string, archive: string, options: LookOptions) => {
    await using place = await openLocation(what, io);
    const { store, descriptor } = await seen(place, what, options, io);
    const { container } = options;
    const image = await checkpointImageAt(store, descriptor, { signal: io.signal, container });
    const recorded = image?.facts.recordedDigest;
    const { digest } = await extractArchive(store, image?.manifest ?? descriptor, archive, {
      signal: io.signal,
      replace: false,
    });
    const subjects = [descriptor, ...(image && image.manifest.digest !== descriptor.digest ? [image.manifest] : [])];
    const evidence = await writeAttached(store, subjects, { archive, digest }, io.signal);
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
}
