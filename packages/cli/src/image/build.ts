/** `stillframe image build`: archives become a checkpoint image, once they are seen to be what was captured. */
import { stat } from 'node:fs/promises';
import { type ConvertedImage, convertArchive, convertPod, demandOnePod, type PodMember } from '@stillframe/checkpoint';
import { bytesText, harmless, UndoStack } from '@stillframe/core';
import { isEncryptedType, Layout } from '@stillframe/oci';
import type { Command } from 'commander';
import { droppedFacts, droppedText, forOption, withSmaller } from '../archive-for.ts';
import { outputOption } from '../commands/command.ts';
import { collect } from '../commands/run.ts';
import { tellDiagnostics } from '../diagnostics.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import { evidenceCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { readEncryptionKeys } from '../key-files.ts';
import { type EncryptionOptions, withEncryptionKey } from '../key-options.ts';
import { type OpenLocation, openLocation, parseLocation } from '../open-location.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { cliError } from '../usage.ts';
import { archivesOf } from './archives-of.ts';
import { type BuiltImage, encryptedImage } from './encrypted.ts';
import { attachEvidence } from './evidence.ts';
import { faultsOf, type MemberOptions, memberOf, type PreparedArchive, prepareArchive } from './members.ts';
import { openSigner, type Signed, type SigningOptions, signedLine, withSigning } from './sign.ts';

interface BuildOptions extends MemberOptions, EncryptionOptions, SigningOptions, RegistryFlags {
  tag: string[];
  index?: boolean;
  output: string;
}

/** Exit code 4 where the image was made of an archive with faults. */
export function registerBuild(group: Command, io: Io, done: (code: number) => void): void {
  const command = withSmaller(group.command('build'))
    .usage('[options] ARCHIVE... [TARGET]')
    .description(
      'Make a checkpoint image of an archive, or one of all containers of a pod; in a layout its layer is the archive ' +
        'itself, not a copy. Evidence beside an archive is held against it first, and its digest goes into the image',
    )
    .argument(
      '<archive...>',
      'checkpoint archives; the folder of a pod’s checkpoint stands for all in it; then the target',
    )
    .option(
      '-t, --tag <image>',
      'what to call it: oci:LAYOUT[:TAG], or a reference with its registry; repeat',
      collect,
      [],
    )
    .addOption(
      forOption('lay the archive out for the engine that shall restore it; without it its own bytes are the layer'),
    )
    .option('--index', 'put an index with the same annotations over the manifest')
    .option('--no-verify', 'do not hold the archive against the evidence beside it')
    .option('--force', 'also of an archive without memory, processes or inventory');
  withSigning(withEncryptionKey(command))
    .addOption(outputOption('table', 'json'))
    .action(async (words: string[], options: BuildOptions) => {
      const { archives, targets } = await argumentsOf(words, options.tag);
      const signer = await openSigner(options, targets, io);
      const recipients = await readEncryptionKeys(options.encryptionKey ?? [], io);
      await using undo = new UndoStack({ deadline: 60_000 });
      const hashed = targets.length > 1 || targets.some((target) => parseLocation(target).kind === 'layout');
      const prepared: PreparedArchive[] = [];
      for (const path of archives) prepared.push(await prepareArchive(path, options, { undo, hashed, io }));
      demandOnePod(prepared.map(({ checkpoint }) => checkpoint));
      const places: OpenLocation[] = [];
      for (const target of targets) {
        const place = await openLocation(target, io, { ...options, create: true });
        undo.push('place', () => place[Symbol.asyncDispose]());
        places.push(place);
      }
      const layout = places.map(({ store }) => store).find((store) => store instanceof Layout);
      const members: PodMember[] = [];
      for (const each of prepared) members.push(await memberOf(each, layout?.path, { undo, io }));
      const diagnostics = faultsOf(prepared);
      tellDiagnostics(io, diagnostics);
      const make = async (place: Destination) => {
        const built = await build(members, place, options, io);
        await attach(built, prepared, place, io);
        return built;
      };
      const put = recipients.length === 0 ? make : await encryptedImage(make, recipients, io);
      const bodies: ImageBody[] = [];
      for (const [at, place] of places.entries()) {
        const built = await put(place);
        const reference = targets[at] ?? '';
        const signed = await signer?.(place.store, built.target, reference);
        const body = { ...bodyOf({ built, reference, prepared, options, diagnostics }), signed };
        bodies.push(body);
        if (options.output !== 'json') io.out(textOf(body, prepared, options) + signedLine(signed));
      }
      if (options.output === 'json') io.out(documentOf(bodies));
      done(evidenceCode(diagnostics));
    });
  withRegistry(command);
}

type Destination = Pick<OpenLocation, 'store' | 'tag'>;

/**
 * What is an archive and what is the target: the last word is one where -t is not given, and where it is none of a file.
 * Throws ERR_USAGE_ARGUMENT, ERR_REFERENCE_INCOMPLETE, ERR_OCI_REFERENCE_INVALID.
 */
async function argumentsOf(words: string[], tags: readonly string[]) {
  const last = words.at(-1) ?? '';
  const isFile = /^[./]/.test(last) || /\.tar(\.\w+)?$/.test(last) || (await stat(last).catch(() => undefined));
  const named = words.length > 1 && !isFile ? [last] : [];
  const targets = [...named, ...tags];
  if (targets.length === 0) {
    throw cliError('ERR_USAGE_ARGUMENT', 'no target given: nothing says what the image is to be called', {
      hint: 'name it after the archive, or with -t: oci:LAYOUT:TAG, or a reference with its registry',
    });
  }
  for (const target of targets) parseLocation(target);
  const given = words.slice(0, words.length - named.length);
  return { archives: (await Promise.all(given.map(archivesOf))).flat(), targets };
}

async function build(
  members: readonly PodMember[],
  place: Destination,
  options: BuildOptions,
  io: Io,
): Promise<BuiltImage> {
  // Its line goes before the result comes; in a layout nothing is sent, and nothing shown.
  using progress = showProgress(io, 'push');
  const { update: onProgress } = progress;
  const shared = { tag: place.tag, incomplete: options.force, onProgress, signal: io.signal };
  const [only] = members;
  if (members.length > 1 || !only) return convertPod(members, place.store, shared);
  const image = await convertArchive(only.checkpoint, place.store, {
    ...shared,
    ...only.options,
    index: options.index,
  });
  return { target: image.target, containers: [image] };
}

/** Evidence goes beside what was made of its archive: the manifest, or the index over it that is tagged. */
async function attach(built: BuiltImage, prepared: readonly PreparedArchive[], { store }: Destination, { signal }: Io) {
  for (const [at, { recorded }] of prepared.entries()) {
    const subject = prepared.length === 1 ? built.target : built.containers[at]?.manifest;
    if (recorded && subject) await attachEvidence(store, subject, recorded, signal);
  }
}

/** One container's part of what is told. */
function rowOf(
  { layer, way, facts, manifest }: ConvertedImage,
  { recorded, plan, dropped }: PreparedArchive,
  verified: boolean,
) {
  const evidence = recorded && { digest: recorded.digest, verified };
  const smaller = dropped && { dropped: droppedFacts(dropped) };
  return { manifest, layer, way, facts, converted: plan?.laidOut ?? false, ...smaller, evidence };
}

type ImageBody = ReturnType<typeof bodyOf> & { signed: Signed | undefined };

function bodyOf(what: {
  built: BuiltImage;
  reference: string;
  prepared: readonly PreparedArchive[];
  options: BuildOptions;
  diagnostics: ReturnType<typeof faultsOf>;
}) {
  const { built, reference, prepared, options, diagnostics } = what;
  const containers = built.containers.map((image, at) => rowOf(image, prepared[at] as PreparedArchive, options.verify));
  return { reference, target: built.target, containers, diagnostics };
}

function documentOf(bodies: readonly ImageBody[]): string {
  const images = bodies.map(({ reference, target, containers, diagnostics, signed }) => {
    const [only] = containers;
    return containers.length === 1
      ? { reference, ...only, manifest: target, diagnostics, signed }
      : { reference, index: target, containers, diagnostics, signed };
  });
  const [first] = images;
  if (images.length !== 1 || !first) return renderJson('CheckpointImageList', 1, { images });
  return renderJson('index' in first ? 'PodCheckpointImage' : 'CheckpointImage', 1, first);
}

function textOf(
  { reference, target, containers }: ImageBody,
  prepared: readonly PreparedArchive[],
  options: BuildOptions,
) {
  const pod = containers.length > 1;
  const lines = containers.flatMap(({ layer, way, facts, converted }, at) => {
    const { dropped } = prepared[at] as PreparedArchive;
    const encrypted = isEncryptedType(layer.mediaType);
    const made = [
      ...(converted ? [`laid out for ${options.for}`] : []),
      ...(options.zstd === undefined ? [] : ['zstd']),
      ...(encrypted ? ['encrypted'] : []),
    ];
    return [
      ...(pod ? [['container', harmless(facts.containerName)]] : []),
      ['layer', [`${layer.digest}  ${bytesText(layer.size)}`, way, ...made].join(', ')],
      ...(dropped ? [['zeroes', droppedText(dropped)]] : []),
      ['evidence', evidenceText(prepared[at] as PreparedArchive, options.verify, encrypted)],
    ];
  });
  const rows = [[pod ? 'index' : 'manifest', target.digest], ...lines];
  return `${reference}\n${renderFacts(rows)}`;
}

function evidenceText({ recorded, plan }: PreparedArchive, verified: boolean, encrypted: boolean): string {
  if (!recorded) return verified ? 'none beside the archive' : 'none that was read';
  if (!verified) return 'not held against the archive (--no-verify)';
  if (plan?.altered) return 'the archive is what was recorded at the capture; the layer is made of it';
  const ways = [...(encrypted ? ['decrypted'] : []), ...(plan ? ['decompressed'] : [])];
  const once = ways.length === 0 ? '' : `, once it is ${ways.join(' and ')},`;
  return `the layer${once} is what was recorded at the capture`;
}
