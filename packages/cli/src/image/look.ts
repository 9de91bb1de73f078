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
import { bytesText, type Digest, harmless, StillframeError } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import { type ContentReader, type Descriptor, isEncryptedType, type Recipient, recipientsOf } from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from '../commands/command.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { readDecryptionKeys, seenThrough } from '../key-files.ts';
import { type DecryptionOptions, withDecryptionKey } from '../key-options.ts';
import { type OpenSource, openSource } from '../open-location.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { type PolicyOptions, resolveAllowed, withPolicy } from '../signature-policy.ts';
import { writeAttached } from './evidence.ts';
import { CONTAINER_HELP, IMAGE_HELP } from './help.ts';
import { type Recorded, type ShownImage, shownText } from './shown.ts';

type Done = (code: number) => void;

/**
 * What the image says was recorded at the capture, beside what it holds: whether its layer is that archive, and whether it
 * is once it is decompressed, by the word of its config. Undefined where it says nothing.
 */
async function recordedIn(
  store: ContentReader,
  image: CheckpointImage,
  signal: AbortSignal,
): Promise<Recorded | undefined> {
  const digest = image.facts.recordedDigest;
  if (digest === undefined) return undefined;
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

/** For whom the layers of an image are encrypted; nothing where none is, null for one whose recipients cannot be read. */
function encryptionOf(image: CheckpointImage) {
  if (!isLocked(image)) return {};
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

interface LookOptions extends DecryptionOptions, PolicyOptions, RegistryFlags {
  container?: string;
  output: string;
}

/** The image behind `place`, as one with these keys sees it. */
async function seen(place: OpenSource, what: string, options: LookOptions, io: Io) {
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
    .option('--container <name>', CONTAINER_HELP)
    .addOption(outputOption('table', 'json'));
  withRegistry(withPolicy(withDecryptionKey(command))).action(async (what: string, options: LookOptions) => {
    const { signal } = io;
    await using place = await openSource(what, io, options);
    const { store, descriptor } = await seen(place, what, options, io);
    const { container } = options;
    const one = container === undefined ? undefined : await checkpointImageAt(store, descriptor, { signal, container });
    const images =
      container === undefined
        ? await checkpointImagesAt(store, descriptor, { signal })
        : one === undefined
          ? []
          : [one];
    const shown: ShownImage[] = await Promise.all(
      images.map(async (image) => ({
        ...image,
        ...encryptionOf(image),
        recorded: await recordedIn(store, image, signal),
      })),
    );
    io.out(
      options.output === 'json' ? documentOf(what, descriptor, shown) : shownText(harmless(what), descriptor, shown),
    );
    done(shown.some(({ recorded }) => recorded?.isArchive === false) ? exitCodes.partial : exitCodes.ok);
  });
}

function documentOf(reference: string, index: Descriptor, shown: readonly ShownImage[]): string {
  const [only] = shown;
  return shown.length > 1
    ? renderJson('PodCheckpointImage', 1, { reference, checkpoint: true, index, containers: shown })
    : renderJson('CheckpointImage', 1, { reference, checkpoint: only !== undefined, ...only });
}

export function registerExtract(group: Command, io: Io, done: Done): void {
  const command = group
    .command('extract')
    .description(
      'The archive out of a checkpoint image, byte for byte, decompressed where a tool compressed it on the way and the image tells what it was; exit code ' +
        '4 where it is not what was recorded at the capture',
    )
    .argument('<image>', IMAGE_HELP)
    .argument('<archive>', 'file to write; must not exist')
    .option('--container <name>', CONTAINER_HELP)
    .addOption(outputOption('table', 'json'));
  withRegistry(withPolicy(withDecryptionKey(command))).action(
    async (what: string, archive: string, options: LookOptions) => {
      await using place = await openSource(what, io, options);
      const { store, descriptor } = await seen(place, what, options, io);
      const { container } = options;
      const image = await checkpointImageAt(store, descriptor, { signal: io.signal, container });
      const recorded = image?.facts.recordedDigest;
      const { digest, mediaType } = await extracted(store, image?.manifest ?? descriptor, archive, io);
      const subjects = [descriptor, ...(image && image.manifest.digest !== descriptor.digest ? [image.manifest] : [])];
      const evidence = await writeAttached(store, subjects, { archive, digest }, io.signal);
      const same = recorded === undefined || recorded === digest;
      const result = { archive, size: (await stat(archive)).size, digest, compressed: compressionOf(mediaType) };
      const from = {
        recorded: recorded ?? null,
        same: recorded === undefined ? null : same,
        evidence: evidence ? evidencePath(archive) : null,
      };
      const body = { ...result, ...from };
      io.out(
        options.output === 'json' ? renderJson('ExtractedArchive', 1, { image: what, ...body }) : extractedText(body),
      );
      done(same ? exitCodes.ok : exitCodes.partial);
    },
  );
}

/** How the file is compressed, by the type of what was written. */
function compressionOf(mediaType: string): string | null {
  return /[.+](gzip|zstd)$/.exec(mediaType)?.[1] ?? null;
}

function extractedText(body: {
  archive: string;
  size: number;
  digest: Digest;
  compressed: string | null;
  recorded: string | null;
  same: boolean | null;
  evidence: string | null;
}): string {
  const { recorded, compressed } = body;
  const rows = [
    ['size', `${bytesText(body.size)}${compressed === null ? '' : `, compressed with ${compressed}, as the layer is`}`],
    ['sha256', body.digest.replace('sha256:', '')],
    ['recorded', recorded === null ? 'nothing' : `${harmless(recorded)}${body.same ? ', the same' : ', ANOTHER'}`],
    ['evidence', body.evidence ?? 'none came with it'],
  ];
  return `${body.archive}\n${renderFacts(rows)}`;
}

/** The line of its progress goes before the result comes. */
async function extracted(store: ContentReader, descriptor: Descriptor, archive: string, io: Io): Promise<Descriptor> {
  using progress = showProgress(io, 'extract');
  const options = { signal: io.signal, replace: false, onProgress: progress.update };
  return await extractArchive(store, descriptor, archive, options);
}
