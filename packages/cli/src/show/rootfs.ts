/** `rootfs/etc/passwd` and `mount/proc`: a path that the container had changed, and a mount of it. */
import {
  listExtractables,
  type Mount,
  type RootfsChange,
  readChanges,
  readMounts,
  streamThing,
} from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import type { EvidenceReference } from '@stillframe/forensics';
import { renderFacts } from '../display/facts.ts';
import { modeText, ownerText, targetText } from '../inspect/change-nodes.ts';
import { originOf } from '../inspect/mount-nodes.ts';
import { absent, type ShowContext, type Shown, type ShownBytes } from './shown.ts';

/** Bytes that are shown at first. */
const FIRST = 2048;

export async function showRootfs(
  reference: Extract<EvidenceReference, { kind: 'rootfs' }>,
  context: ShowContext,
): Promise<Shown> {
  const change = await changeAt(reference.path, context);
  if (!change) throw absent(reference, 'the container had not changed it, or the engine left changes out');
  const { size, modified, flags } = change;
  const date = new Date((modified ?? Number.NaN) * 1000);
  const rows = [
    ['path', targetText(change)],
    ['change', change.change],
    ['mode', `${modeText(change)} ${ownerText(change)}`],
    ...(size === undefined ? [] : [['size', bytesText(size)]]),
    ...(Number.isNaN(date.getTime()) ? [] : [['modified', date.toISOString()]]),
    ...(flags.length === 0 ? [] : [['flags', flags.join(', ')]]),
  ];
  const bytes = change.type === 'file' ? await changedFile(reference.path, context) : undefined;
  return { facts: change, text: renderFacts(rows), bytes };
}

async function changeAt(path: string, { checkpoint, io }: ShowContext): Promise<RootfsChange | undefined> {
  for await (const change of readChanges(checkpoint, { partial: true, signal: io.signal }))
    if (change.path === path) return change;
  return undefined;
}

/** The content of a file that the container had changed; undefined where it had not. */
export async function changedFile(path: string, context: ShowContext): Promise<ShownBytes | undefined> {
  const { signal } = context.io;
  const change = await changeAt(path, context);
  if (change?.type !== 'file') return undefined;
  const wishes = [{ kind: 'rootfs' as const, id: path }];
  for await (const thing of listExtractables(await context.extract(), { wishes, signal }))
    return {
      ...{ start: 0n, size: BigInt(change.size ?? 0), preview: FIRST, mayBeText: true },
      pieces: () => streamThing(thing, { limit: 1n << 40n, signal }),
    };
  return undefined;
}

export async function showMount(
  reference: Extract<EvidenceReference, { kind: 'mount' }>,
  context: ShowContext,
): Promise<Shown> {
  const { images, spec } = context.checkpoint;
  const all = await readMounts(images, { spec, signal: context.io.signal });
  const [first, ...others] = all.filter(({ mountpoint }) => mountpoint === reference.mountpoint);
  if (!first) throw absent(reference, 'nothing is mounted there');
  const text = [first, ...others].map((mount) => renderFacts(factsOf(mount), 13)).join('\n');
  return { facts: others.length === 0 ? first : { ...first, others }, text };
}

function factsOf(mount: Mount): string[][] {
  const { mountpoint, type, role, flagNames, propagation, content, options } = mount;
  return [
    ['mountpoint', harmless(mountpoint)],
    ['type', harmless(type)],
    ['kind', role],
    ['from', originOf(mount)],
    ['flags', flagNames.join(',')],
    ['options', harmless(options)],
    ['propagation', propagation.mode],
    ['archived', content ? `${bytesText(content.bytes)} in ${content.image}` : 'no'],
  ];
}
