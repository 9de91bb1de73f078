/** `stillframe image list`: the images of a layout, by tag. */
import { stat } from 'node:fs/promises';
import { type CheckpointImage, checkpointImagesAt } from '@stillframe/checkpoint';
import { bytesText, type Diagnostic, harmless, messageOf, StillframeError } from '@stillframe/core';
import { isKept, Layout, parseImageLocation, tagOf } from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from './commands/command.ts';
import { tellDiagnostics } from './diagnostics.ts';
import { renderJson } from './display/json.ts';
import { renderTable } from './display/table.ts';
import { evidenceCode } from './exit.ts';
import type { Io } from './io.ts';
import { cliError } from './usage.ts';

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

/** Exit code 4 where the manifest of an image cannot be read. */
export function registerList(group: Command, io: Io, done: (code: number) => void): void {
  group
    .command('list')
    .description('The images of a layout, by tag')
    .argument('<layout>', 'folder of an image layout, or oci:LAYOUT[:TAG]')
    .addOption(outputOption('table', 'json'))
    .action(async (what: string, { output }: { output: string }) => {
      const { path, tag } = await layoutOf(what);
      const { images, diagnostics } = await listImages(await Layout.open(path), tag, io.signal);
      tellDiagnostics(io, diagnostics);
      if (output === 'json') io.out(renderJson('ImageList', 1, { layout: path, images, diagnostics }));
      else io.out(tableOf(images));
      done(evidenceCode(diagnostics));
    });
}

async function layoutOf(what: string): Promise<{ path: string; tag?: string | undefined }> {
  if ((await stat(what).catch(() => undefined))?.isDirectory() || !what.startsWith('oci:')) return { path: what };
  const location = parseImageLocation(what);
  if (location.kind === 'layout') return location;
  throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(what)} is no image layout`);
}

async function listImages(layout: Layout, only: string | undefined, signal: AbortSignal) {
  const diagnostics: Diagnostic[] = [];
  const images: ListedImage[] = [];
  for (const entry of await layout.entries()) {
    const { digest, mediaType } = entry;
    const tag = tagOf(entry);
    if (only !== undefined && tag !== only) continue;
    // What is said about an image, such as its evidence, is none by itself.
    if (tag === undefined && entry.artifactType !== undefined) continue;
    const found = await checkpointImagesAt(layout, entry, { signal }).catch((error: unknown) => {
      if (!StillframeError.is(error)) throw error;
      diagnostics.push({
        id: 'manifest-unreadable',
        severity: 'error',
        source: tag ?? digest,
        message: messageOf(error),
      });
      return [];
    });
    const row = { tag: tag ?? null, digest, mediaType, pinned: isKept(entry) };
    // An image of a pod has a row for each of its containers.
    if (found.length === 0) images.push({ ...row, checkpoint: null });
    images.push(...found.map((image) => ({ ...row, checkpoint: factsOf(image) })));
  }
  return { images, diagnostics };
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
