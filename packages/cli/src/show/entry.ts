/** `entry/spec.dump`, `entry/spec.dump@0+64`: an entry of the archive, or some of its bytes. */
import { bytesText, harmless, limits, nestsDeeper, readAll } from '@stillframe/core';
import type { EvidenceReference } from '@stillframe/forensics';
import { renderFacts } from '../display/facts.ts';
import { renderForeignJson } from '../display/json.ts';
import { absent, type ShowContext, type Shown, sourceBytes } from './shown.ts';

const FIRST = 256;
/** Bytes of a document that is shown as one, and how deep it nests. */
const [DOCUMENT, DEEPEST] = [1 << 20, 256];

export async function showEntry(
  reference: Extract<EvidenceReference, { kind: 'entry' }>,
  context: ShowContext,
): Promise<Shown> {
  const { name, offset = 0, bytes } = reference;
  const { archive, io } = { archive: context.checkpoint.archive, io: context.io };
  const entry = archive.entries.get(name);
  if (!entry) throw absent(reference, 'the archive has no such entry');
  const { kind, size, mode, mtime } = entry;
  const facts = { name, type: kind, size, mode, modified: mtime, offset: reference.offset, bytes };
  const rows = [
    ['entry', harmless(name)],
    ['type', kind],
    ['size', bytesText(size)],
  ];
  if (kind !== 'file') return { facts, text: renderFacts(rows) };
  const source = archive.open(name);
  if (offset > source.size) throw absent(reference, `it has ${source.size} bytes`);
  const shown = sourceBytes(source, bytes === undefined ? FIRST : Math.min(bytes, 1 << 16), io.signal, offset, bytes);
  const document = reference.offset === undefined ? await documentOf(context, name) : undefined;
  if (document === undefined) return { facts, text: renderFacts(rows), bytes: shown };
  const lines = renderForeignJson(document, true).split('\n').map(harmless).join('\n');
  return { facts: { ...facts, document }, text: `${renderFacts(rows)}\n${lines}`, bytes: { ...shown, preview: 0 } };
}

async function documentOf({ checkpoint: { archive }, io }: ShowContext, name: string): Promise<object | undefined> {
  const source = archive.open(name);
  if (source.size > DOCUMENT || source.size === 0) return undefined;
  const bytes = await readAll(source, { limit: limits.json, signal: io.signal });
  if ((bytes[0] !== 0x7b && bytes[0] !== 0x5b) || nestsDeeper(bytes, DEEPEST)) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as object;
  } catch {
    return undefined;
  }
}
