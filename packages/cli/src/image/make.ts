/** Making checkpoint images of archives and putting them where they shall be: what `image build` does, and the desk. */
import { type ConvertedImage, convertArchive, convertPod, demandOnePod, type PodMember } from '@stillframe/checkpoint';
import { type Diagnostic, UndoStack } from '@stillframe/core';
import { Layout } from '@stillframe/oci';
import { droppedFacts } from '../archive-for.ts';
import { tellDiagnostics } from '../diagnostics.ts';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { readEncryptionKeys } from '../key-files.ts';
import type { EncryptionOptions } from '../key-options.ts';
import { type OpenLocation, openLocation, parseLocation } from '../open-location.ts';
import type { RegistryFlags } from '../registries/flags.ts';
import { type BuiltImage, encryptedImage } from './encrypted.ts';
import { attachEvidence } from './evidence.ts';
import { faultsOf, type MemberOptions, memberOf, type PreparedArchive, prepareArchive } from './members.ts';
import { openSigner, type Signed, type SigningOptions } from './sign.ts';

/** What is asked of an image. */
export interface BuildOptions extends MemberOptions, EncryptionOptions, SigningOptions, RegistryFlags {
  index?: boolean;
}

/** Of what, to where: paths of archives, and places as parseLocation takes them. */
export interface Wanted {
  readonly archives: readonly string[];
  readonly targets: readonly string[];
  readonly options: BuildOptions;
}

/** Whoever asked is told. */
export interface Building {
  /** The archives are open and hold; nothing is written yet. */
  readonly checked?: () => Promise<void>;
  /** One image is where it shall be. */
  readonly built: (body: ImageBody, prepared: readonly PreparedArchive[]) => void;
}

/**
 * Makes an image of the archives at each target, and gives what could not be read of them. Throws what prepareArchive, openSigner,
 * openLocation, convertArchive and convertPod throw.
 */
export async function buildImages(
  { archives, targets, options }: Wanted,
  io: Io,
  { checked, built: told }: Building,
): Promise<readonly Diagnostic[]> {
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
  await checked?.();
  const make = async (place: Destination) => {
    const built = await build(members, place, options, io);
    await attach(built, prepared, place, io);
    return built;
  };
  const put = recipients.length === 0 ? make : await encryptedImage(make, recipients, io);
  for (const [at, place] of places.entries()) {
    const built = await put(place);
    const reference = targets[at] ?? '';
    const signed = await signer?.(place.store, built.target, reference);
    told({ ...bodyOf({ built, reference, prepared, options, diagnostics }), signed }, prepared);
  }
  return diagnostics;
}

type Destination = Pick<OpenLocation, 'store' | 'tag'>;

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

/** An image that was made. */
export type ImageBody = ReturnType<typeof bodyOf> & { signed: Signed | undefined };

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

/** Whether the layer is what was captured, in words. */
export function evidenceText({ recorded, plan }: PreparedArchive, verified: boolean, encrypted: boolean): string {
  if (!recorded) return verified ? 'none beside the archive' : 'none that was read';
  if (!verified) return 'not held against the archive (--no-verify)';
  if (plan?.altered) return 'the archive is what was recorded at the capture; the layer is made of it';
  const ways = [...(encrypted ? ['decrypted'] : []), ...(plan ? ['decompressed'] : [])];
  const once = ways.length === 0 ? '' : `, once it is ${ways.join(' and ')},`;
  return `the layer${once} is what was recorded at the capture`;
}
