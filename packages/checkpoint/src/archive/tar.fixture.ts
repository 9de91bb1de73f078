/** Builds tar archives in memory for tests, sound ones and others. */
import { bytesSource, readAll } from '@stillframe/core';
import { readTarIndex } from './reader.ts';
import { encodeTarHeader, paddedSize, type TarHeaderFields } from './tar-header.ts';
import { encodePax } from './tar-pax.ts';

type Part = Uint8Array;

/** A header and its body, padded. `claim` overrides the size in the header. */
export function entry(
  name: string,
  body: string | Uint8Array = '',
  fields: Partial<TarHeaderFields> & { claim?: bigint } = {},
): Part {
  const bytes = Buffer.from(body);
  const { claim, ...rest } = fields;
  const header = encodeTarHeader({ name, size: claim ?? BigInt(bytes.length), type: '0', ...rest });
  return Buffer.concat([header, bytes, Buffer.alloc(paddedSize(bytes.length) - bytes.length)]);
}

/** A pax header (`x` for the next entry, `g` for all). */
export function pax(records: Record<string, string>, type: 'x' | 'g' = 'x'): Part {
  return entry('pax', encodePax(Object.entries(records)), { type });
}

/** A GNU long name (`L`) or long link (`K`) for the next entry. */
export function gnuLong(text: string, type: 'L' | 'K' = 'L'): Part {
  return entry('././@LongLink', `${text}\0`, { type, dialect: 'gnu' });
}

/** The two zero blocks an archive ends with. */
export const endMark: Part = new Uint8Array(1024);

/** The parts and an end mark. */
export function tarOf(...parts: Part[]): Uint8Array {
  return Buffer.concat([...parts, endMark]);
}

/** A whole archive again without the files whose names match, and with `more` behind the rest. */
export async function without(archive: Uint8Array, lost: RegExp, ...more: Part[]): Promise<Uint8Array> {
  const index = await readTarIndex(bytesSource(archive));
  const kept: Part[] = [];
  for (const { name, kind, mode } of index.entries.values()) {
    if (kind !== 'file' || lost.test(name)) continue;
    const source = index.open(name);
    kept.push(entry(name, await readAll(source, { limit: source.size }), { mode }));
  }
  return tarOf(...kept, ...more);
}
