/** The entries of an image in one line of JSON, for the many images that are messages and nothing else. */
import type { ByteSource } from '@stillframe/core';
import { decodeMessage, type Report, readMagics, reportFault } from '../decode.ts';
import { FrameReader } from '../frame.ts';
import { type FramedKind, MESSAGE_LIMIT } from '../kind.ts';
import { shapeOf } from '../wire/shape.ts';
import { Wire } from '../wire/wire.ts';
import { AsciiText } from './ascii-text.ts';
import { textOf } from './json-text.ts';
import { writeLine } from './line-of-message.ts';
import { type JsonStyle, messageToJson } from './message-to-json.ts';

/** Characters that are gathered before a piece is handed on. */
const PIECE = 1 << 16;

/** Whether nothing but messages can stand in an image of this kind. */
export function isPlain(kind: FramedKind): boolean {
  return kind.payload === undefined && kind.headPayload === undefined && kind.members === undefined;
}

/** Yields the text of the entries of a plain image, and of what is before them. Damage goes to `report`. */
export async function* plainEntries(
  kind: FramedKind,
  source: ByteSource,
  report: Report,
  { signal, ...style }: JsonStyle & { signal?: AbortSignal | undefined },
): AsyncGenerator<string> {
  const reader = new FrameReader(source, { messageLimit: kind.messageLimit ?? MESSAGE_LIMIT, signal });
  const text = new AsciiText(Math.min(4 * source.size, PIECE));
  let name = kind.head ?? kind.message;
  let isFirst = true;
  if (await readMagics(reader, kind, report)) {
    for (;;) {
      const frame = reader.buffered() ?? (await reader.next());
      if (frame === undefined) break;
      const before = text.length;
      if (!isFirst) text.text(', ');
      const shape = shapeOf(name);
      const begin = text.length;
      if (!attempt(() => writeLine(shape, new Wire(frame.bytes), frame.bytes.length, text))) {
        text.length = begin;
        const message = decodeMessage(name, frame, report);
        if (message === undefined) text.length = before;
        else text.text(textOf(messageToJson(shape, message, style), undefined));
      }
      isFirst &&= text.length === before;
      name = kind.message;
      if (text.length >= PIECE) yield text.take();
    }
  }
  reportFault(reader, report);
  yield text.take();
}

/** False, too, where it throws. */
function attempt(write: () => boolean): boolean {
  try {
    return write();
  } catch {
    return false;
  }
}
