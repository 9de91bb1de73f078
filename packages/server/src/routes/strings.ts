/** Texts in some bytes of a process, for what stands beside a hexadecimal view. */
import { bytesSource, hexAddress } from '@stillframe/core';
import { type NamedPattern, scanBytes } from '@stillframe/forensics';
import { MOST_BYTES } from './memory.ts';
import type { AnswerRoute } from './route.ts';

const MOST = 500;

/** Printable ASCII, and the same as UTF-16 (little-endian): what fits beside bytes. */
const PATTERNS: readonly NamedPattern[] = [
  { id: 'ascii', pattern: { kind: 'regex', source: '[\\x20-\\x7e]{4,1024}' } },
  { id: 'utf16le', pattern: { kind: 'regex', source: '(?:[\\x20-\\x7e]\\x00){4,512}' } },
];

export const strings: AnswerRoute<'strings'> = async ({ one, question, signal }) => {
  const { pid } = await one.process(question.number('pid'));
  const at = question.address('at');
  const bytes = new Uint8Array(question.number('bytes', { from: 1, to: MOST_BYTES }));
  await (await one.space(pid)).read(at, bytes, { signal });
  const texts = [];
  const found = scanBytes(PATTERNS, bytesSource(bytes), { limit: MOST + 1, context: 0, chunkSize: MOST_BYTES, signal });
  for await (const { pattern, offset, bytes: length } of found) {
    const encoding = pattern === 'ascii' ? 'latin1' : 'utf16le';
    const text = Buffer.from(bytes.buffer, offset, length).toString(encoding);
    texts.push({ at: hexAddress(at + BigInt(offset)), bytes: length, encoding: pattern, text });
  }
  return { texts: texts.slice(0, MOST), more: texts.length > MOST };
};
