/** Writing one image anew with some of its entries changed; everything else keeps its very bytes. */
import { toBinary } from '@bufbuild/protobuf';
import { type ByteSource, limits, messageOf } from '@stillframe/core';
import { decodeImage, type Report } from '../decode.ts';
import { criuError } from '../errors.ts';
import { framedKind, type SignalOptions } from '../image-set.ts';
import type { EntryOf, FramedName } from '../kinds.ts';
import { schemaNamed } from '../schemas.ts';
import type { MessageName } from '../wire/shape.ts';

/** Bytes of the length that stands before a message. */
const LENGTH = 4;

/**
 * The image of kind `N` with each entry as `change` leaves it, or undefined where it changed none. `change` edits the
 * message it is given and says whether it did; heads, members, payloads and untouched entries are copied, and so are
 * fields that this program does not know. A field that counts payload must stay as it is.
 * Throws ERR_CRIU_EDIT_DAMAGED for an image that cannot be read whole, is larger than `limits.criuImage`, or has been
 * left without a required field.
 */
export async function rewriteImage<N extends FramedName>(
  name: N,
  source: ByteSource,
  change: (entry: EntryOf<N>) => boolean,
  options: SignalOptions = {},
): Promise<Uint8Array | undefined> {
  if (source.size > limits.criuImage) throw damaged(name, `its ${source.size} bytes are over the limit`);
  const kind = framedKind(name);
  const bytes = new Uint8Array(source.size);
  if ((await source.readInto(0, bytes, options)) < bytes.length) throw damaged(name, 'it ends early');
  const view = new DataView(bytes.buffer);
  const parts: Uint8Array[] = [];
  let copied = 0;
  const report: Report = ({ severity, message }) => {
    if (severity === 'error') throw damaged(name, message);
  };
  for await (const { role, offset, message } of decodeImage(kind, source, report, options)) {
    // The row that is looked up by N decodes to the type that is looked up by N; no type can say so.
    if (role !== 'entry' || !change(message as EntryOf<N>)) continue;
    const body = encoded(name, kind.message, message);
    const length = new Uint8Array(LENGTH);
    new DataView(length.buffer).setUint32(0, body.length, true);
    parts.push(bytes.subarray(copied, offset), length, body);
    copied = offset + LENGTH + view.getUint32(offset, true);
  }
  if (parts.length === 0) return undefined;
  return new Uint8Array(Buffer.concat([...parts, bytes.subarray(copied)]));
}

function encoded(name: string, type: MessageName, message: Parameters<typeof toBinary>[1]): Uint8Array {
  try {
    return toBinary(schemaNamed(type), message);
  } catch (cause) {
    throw damaged(name, messageOf(cause), cause);
  }
}

/** ERR_CRIU_EDIT_DAMAGED: why the image of that kind stays as it is. */
export function damaged(name: string, why: string, cause?: unknown) {
  return criuError('ERR_CRIU_EDIT_DAMAGED', `the image of kind ${name} cannot be changed: ${why}`, { cause });
}
