/** Prints one place of the evidence: lines with the first of its bytes, JSON, all bytes in base 16, or as they are. */
import { bytesText, harmless } from '@stillframe/core';
import { Hexdump } from '../display/hexdump.ts';
import { renderJson } from '../display/json.ts';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';
import type { Shown, ShownBytes } from './shown.ts';

/** Bytes that a JSON document holds; `--output raw` gives all. */
const DOCUMENT = 64 << 10;

/** Whether some of the bytes that were printed are not in the checkpoint. Throws ERR_USAGE_ARGUMENT where there are none to print. */
export async function printShown(shown: Shown, reference: string, output: string, io: Io): Promise<boolean> {
  if (output === 'json') return printJson(shown, reference, io);
  if (output === 'table') return printTable(shown, io);
  const { bytes } = shown;
  if (!bytes)
    throw cliError('ERR_USAGE_ARGUMENT', `the checkpoint holds no bytes of ${reference}; leave --output ${output} out`);
  return output === 'raw' ? printRaw(bytes, io) : printHex(bytes, bytes.size, io);
}

async function printTable({ text, bytes }: Shown, io: Io): Promise<boolean> {
  if (typeof text === 'string') await io.write(text);
  else for await (const piece of text) await io.write(piece);
  if (!bytes || bytes.preview === 0 || bytes.size === 0n) return false;
  await io.write('\n');
  const first = bytes.size < BigInt(bytes.preview) ? bytes.size : BigInt(bytes.preview);
  const head = await firstOf(bytes, Number(first));
  const plain = head.absent || !bytes.mayBeText ? undefined : textOf(head.bytes);
  if (plain !== undefined) await io.write(plain);
  else await printHex(bytes, first, io);
  const left = bytes.size - first;
  if (left > 0n) io.err(`${bytesText(Number(left))} more; --output hex or raw gives them\n`);
  return head.absent;
}

async function printHex({ start, pieces }: ShownBytes, length: bigint, io: Io): Promise<boolean> {
  const dump = new Hexdump();
  let absent = false;
  let at = start;
  for await (const { bytes, isAbsent } of pieces()) {
    const left = start + length - at;
    const part = bytes.subarray(0, left < BigInt(bytes.length) ? Number(left) : bytes.length);
    absent ||= isAbsent;
    await io.write(isAbsent ? dump.gap(at, at + BigInt(part.length), 'absent') : dump.add(at, part));
    at += BigInt(part.length);
    if (at >= start + length) break;
  }
  await io.write(dump.end());
  return absent;
}

async function printRaw({ pieces }: ShownBytes, io: Io): Promise<boolean> {
  let absent = false;
  for await (const { bytes, isAbsent } of pieces()) {
    absent ||= isAbsent;
    await io.write(bytes);
  }
  if (absent) io.err('some of it is not in the checkpoint and is written as zeroes\n');
  return absent;
}

async function printJson({ facts, bytes, json }: Shown, reference: string, io: Io): Promise<boolean> {
  const head = bytes && (await firstOf(bytes, DOCUMENT));
  const content = bytes &&
    head && {
      content: {
        ...{
          start: `0x${bytes.start.toString(16)}`,
          bytes: bytes.size,
          complete: BigInt(head.bytes.length) >= bytes.size,
        },
        ...{ absent: head.absent, base64: head.bytes.toString('base64') },
      },
    };
  const document = renderJson('Evidence', 1, { reference, facts, ...content });
  if (!json) {
    await io.write(document);
    return head?.absent ?? false;
  }
  await io.write(`${document.replace(/\n?\}\n$/, '')},\n  "image": `);
  for await (const piece of json) await io.write(piece);
  await io.write('\n}\n');
  return false;
}

async function firstOf({ pieces }: ShownBytes, length: number): Promise<{ bytes: Buffer; absent: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  let absent = false;
  if (length === 0) return { bytes: Buffer.alloc(0), absent };
  for await (const { bytes, isAbsent } of pieces()) {
    const part = Uint8Array.from(bytes.subarray(0, length - size));
    parts.push(part);
    size += part.length;
    absent ||= isAbsent;
    if (size >= length) break;
  }
  return { bytes: Buffer.concat(parts), absent };
}

/** Lines, each harmless, where the bytes are text and no other; undefined where they are not. */
function textOf(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
  if (/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text)) return undefined;
  return `${text.replace(/\n$/, '').split('\n').map(harmless).join('\n')}\n`;
}
