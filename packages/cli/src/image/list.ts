/** `stillframe image list`: the images of a layout, or of a repository of a registry, by tag. */
import { stat } from 'node:fs/promises';
import { type CheckpointImage, checkpointImagesAt } from '@stillframe/checkpoint';
import { bytesText, type Diagnostic, harmless, isDigest, messageOf, StillframeError } from '@stillframe/core';
import {
  type ContentReader,
  type Descriptor,
  inParallel,
  isKept,
  Layout,
  parseReference,
  tagOf,
} from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from '../commands/command.ts';
import { tellDiagnostics } from '../diagnostics.ts';
import { renderJson } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { evidenceCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { namesVersion, parseLocation } from '../open-location.ts';
import { connectRegistries, type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { attachmentOf } from '../retention/image-units.ts';
import { isPassing, KEEP_KIND } from '../retention/prune-registry.ts';

/** Images of a registry that are looked at, at a time. */
const WIDTH = 8;

interface ListedImage {
  /** Null for an entry without one, which is reached by its digest. */
  tag: string | null;
  digest: string;
  mediaType: string;
  /** Whether no rule of `image prune` removes it. */
  pinned: boolean;
  /** What it says of the checkpoint in it; null for an ordinary image, or one whose manifest cannot be read. */
  checkpoint: { container: string; pod?: string | undefined; image?: string | undefined; size: number } | null;
}

interface ListOptions extends RegistryFlags {
  output: string;
}

/** Exit code 4 where the manifest of an image cannot be read. */
export function registerList(group: Command, io: Io, done: (code: number) => void): void {
  const command = group
    .command('list')
    .description('The images of a layout, or of a repository of a registry, by tag')
    .argument('<place>', 'folder of an image layout, oci:LAYOUT[:TAG], or REGISTRY/REPOSITORY[:TAG]')
    .addOption(outputOption('table', 'json'))
    .action(async (what: string, options: ListOptions) => {
      const { place, ...list } = (await layoutOf(what, io.signal)) ?? (await repositoryOf(what, options, io));
      const { images, diagnostics } = list;
      tellDiagnostics(io, diagnostics);
      if (options.output === 'json') io.out(renderJson('ImageList', 1, { ...place, images, diagnostics }));
      else io.out(images.length === 0 ? 'no image is there\n' : tableOf(images));
      done(evidenceCode(diagnostics));
    });
  withRegistry(command);
}

/** The images of a layout; undefined where a registry is meant: a name with a `/` that is no path of this machine. */
async function layoutOf(what: string, signal: AbortSignal) {
  const isFolder = (await stat(what).catch(() => undefined))?.isDirectory();
  const isPath = isFolder || /^[./]/.test(what) || !/^oci:|\//.test(what);
  const location = isPath ? { kind: 'layout' as const, path: what } : parseLocation(what);
  if (location.kind !== 'layout') return undefined;
  const { path, tag: only }: { path: string; tag?: string | undefined } = location;
  const layout = await Layout.open(path);
  const diagnostics: Diagnostic[] = [];
  const images: ListedImage[] = [];
  for (const entry of await layout.entries()) {
    const tag = tagOf(entry);
    if (only !== undefined && tag !== only) continue;
    // What is said about an image, such as its evidence, is none by itself.
    if (tag === undefined && entry.artifactType !== undefined) continue;
    images.push(...(await rowsOf(layout, entry, { tag, pinned: isKept(entry), diagnostics, signal })));
  }
  return { place: { layout: path }, images, diagnostics };
}

/** Tags that say something about an image (signatures, evidence, pins) have no row of their own. Throws registry errors. */
async function repositoryOf(what: string, flags: RegistryFlags, io: Io) {
  const { signal } = io;
  await using registries = await connectRegistries(io, flags);
  const location = parseLocation(what);
  const { registry, repository, tag, digest } =
    location.kind === 'registry' ? location.reference : parseReference(what);
  const store = registries.repository(`${registry}/${repository}`);
  const tags = (await store.tags({ signal })).sort();
  const said = tags.flatMap((each) => attachmentOf(each) ?? []);
  const pins = new Set<string>(said.filter(({ kind }) => kind === KEEP_KIND).map(({ subject }) => subject));
  const wanted = namesVersion(what) ? [digest ?? tag ?? ''] : tags.filter((each) => !attachmentOf(each));
  const diagnostics: Diagnostic[] = [];
  const rows = new Map<string, ListedImage[]>();
  const look = async (each: string, inner: AbortSignal) => {
    const entry = await store.resolve(each, { signal: inner });
    const known = { tag: isDigest(each) ? undefined : each, pinned: pins.has(entry.digest) };
    rows.set(each, await rowsOf(store, entry, { ...known, diagnostics, signal: inner }));
  };
  await inParallel(wanted, WIDTH, look, signal);
  const images = wanted.flatMap((each) => rows.get(each) ?? []);
  return { place: { repository: `${registry}/${repository}` }, images, diagnostics };
}

/** A row for each container of an image. */
async function rowsOf(
  store: ContentReader,
  entry: Descriptor,
  context: { tag: string | undefined; pinned: boolean; diagnostics: Diagnostic[]; signal: AbortSignal },
): Promise<ListedImage[]> {
  const { digest, mediaType } = entry;
  const { tag, pinned, diagnostics, signal } = context;
  const row = { tag: tag ?? null, digest, mediaType, pinned };
  try {
    const found = await checkpointImagesAt(store, entry, { signal });
    if (found.length > 0) return found.map((image) => ({ ...row, checkpoint: factsOf(image) }));
  } catch (error) {
    // Of an image that is damaged only that is told; a registry that fails says nothing about one.
    if (!StillframeError.is(error) || isPassing(error)) throw error;
    diagnostics.push({
      id: 'manifest-unreadable',
      severity: 'error',
      source: tag ?? digest,
      message: messageOf(error),
    });
  }
  return [{ ...row, checkpoint: null }];
}

function factsOf(image: CheckpointImage): NonNullable<ListedImage['checkpoint']> {
  const { containerName, podName, podNamespace, rootfsImageName } = image.facts;
  const pod = podName === undefined ? undefined : `${podNamespace ?? '?'}/${podName}`;
  const size = image.chain?.size ?? image.layers.reduce((sum, each) => sum + each.size, 0);
  return { container: containerName, pod, image: rootfsImageName, size };
}

function tableOf(images: readonly ListedImage[]): string {
  return renderTable(
    [
      { title: 'TAG', cell: ({ tag }) => (tag === null ? '(none)' : harmless(tag)) },
      { title: 'CONTAINER', cell: (image) => harmless(holds(image)) },
      { title: 'SIZE', cell: ({ checkpoint }) => (checkpoint ? bytesText(checkpoint.size) : '') },
      { title: 'PINNED', cell: ({ pinned }) => (pinned ? 'yes' : '') },
      { title: 'DIGEST', cell: ({ digest }) => digest },
    ],
    images,
  );
}

/** What an image is of. */
function holds({ checkpoint, tag }: ListedImage): string {
  if (checkpoint) return nameOf(checkpoint);
  return /^sha256-[0-9a-f]{64}\.sig$/.test(tag ?? '') ? '(signatures)' : '(no checkpoint)';
}

function nameOf({ container, pod }: NonNullable<ListedImage['checkpoint']>): string {
  return pod === undefined ? container : `${pod}/${container}`;
}
