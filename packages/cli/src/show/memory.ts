/** `memory/7/0x7f00…+64` and `mapping/7/0x…-0x…`: bytes of an address space, with the mapping that they lie in. */
import { listExtractables, type MapRow, readMaps } from '@stillframe/checkpoint';
import { bytesText, harmless, hexAddress } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';
import type { EvidenceReference } from '@stillframe/forensics';
import { renderFacts } from '../display/facts.ts';
import { protectionText } from '../display/protection.ts';
import { absent, type ShowContext, type Shown } from './shown.ts';

/** Bytes of a match that are shown at first, and of a mapping. */
const [MATCH, FIRST] = [4096, 256];

export function showMemory(
  reference: Extract<EvidenceReference, { kind: 'memory' }>,
  context: ShowContext,
): Promise<Shown> {
  const { address, bytes } = reference;
  return show(reference, context, { start: address, end: address + BigInt(Math.max(1, bytes)), preview: MATCH });
}

export function showMapping(
  reference: Extract<EvidenceReference, { kind: 'mapping' }>,
  context: ShowContext,
): Promise<Shown> {
  const { start, end } = reference;
  return show(reference, context, { start, end, preview: FIRST });
}

interface Range {
  start: bigint;
  end: bigint;
  preview: number;
}

async function show(
  reference: Extract<EvidenceReference, { kind: 'memory' | 'mapping' }>,
  context: ShowContext,
  { start, end, preview }: Range,
): Promise<Shown> {
  const { pid } = reference;
  const { comm } = context.process(pid);
  const { signal } = context.io;
  if (end <= start || end > 1n << 64n) throw absent(reference, 'it is no range of addresses');
  const space = await openAddressSpace(context.checkpoint.images, pid, { signal });
  if (!space) throw absent(reference, `process ${pid} has no memory`);
  const { files } = await context.open();
  const row = (await readMaps(space, files, { signal })).find((each) => each.start <= start && start < each.end);
  if (!row) throw absent(reference, `nothing is mapped at ${hexAddress(start)}`);
  const id = `${hexAddress(start)}-${hexAddress(end)}`;
  const things = listExtractables(await context.extract(), {
    ...{ wishes: [{ kind: 'memory', id }], pids: new Set([pid]), signal },
  });
  for await (const thing of things)
    return {
      facts: { pid, name: comm, mapping: viewOf(row) },
      text: renderFacts([['process', harmless(`${pid} ${comm ?? '?'}`)], ...factsOf(row)], 12),
      bytes: context.bytesOf(thing, start, end - start, preview),
    };
  throw absent(reference, 'its memory cannot be read');
}

function viewOf({ start, end, prot, shared, ...rest }: MapRow): object {
  return { start: hexAddress(start), end: hexAddress(end), protection: protectionText(prot, shared), ...rest };
}

function factsOf({ start, end, prot, shared, backing, deleted, captured, anonymousCode }: MapRow): string[][] {
  const remarks = [deleted ? 'deleted' : '', anonymousCode ? 'code in no file' : ''].filter(Boolean).join(', ');
  return [
    [
      'mapping',
      `${hexAddress(start)}-${hexAddress(end)} ${protectionText(prot, shared)}, ${bytesText(Number(end - start))}`,
    ],
    ['of', `${harmless(backing)}${remarks === '' ? '' : ` (${remarks})`}`],
    ['captured', bytesText(Number(captured))],
  ];
}
