/**
 * Netlink messages one behind another, as `ip … save` and CRIU write what the kernel answered (linux/netlink.h). The bytes
 * are hostile: every length is held against what is left and against a bound before anything is read for it.
 */
import { type ByteSource, viewOf } from '@stillframe/core';
import type { Report, SignalOptions } from '@stillframe/criu-image';

/** One message. `payload` is fresh bytes, its header is taken off. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  /** Of its header in the source. */
  readonly offset: number;
  readonly payload: Uint8Array;
}

const HEADER = 16;
/** Bytes of one message: the kernel answers in buffers of 32 KiB. */
export const LONGEST_MESSAGE = 1 << 20;
/** Below this, types belong to netlink itself: nothing, an error, the end of an answer. */
const CONTROL = 16;
const WINDOW = 256 << 10;

/** Bytes of a length with what aligns the next one. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

/**
 * Yields the messages from `start` on, those of netlink itself left out. A length that cannot be ends the reading with a
 * report: nobody knows where the next message would begin.
 */
export async function* readNetlink(
  source: ByteSource,
  report: Report,
  { start = 0, signal }: SignalOptions & { start?: number } = {},
): AsyncGenerator<NetlinkMessage, void, undefined> {
  let window = new Uint8Array();
  let at = start;
  let from = start;
  const need = async (bytes: number): Promise<Uint8Array> => {
    if (at + bytes > from + window.length) {
      const wanted = Math.min(Math.max(bytes, WINDOW), source.size - at);
      const read = new Uint8Array(wanted);
      window = read.subarray(0, await source.readInto(at, read, { signal }));
      from = at;
    }
    return window.subarray(at - from, at - from + bytes);
  };
  while (at < source.size) {
    signal?.throwIfAborted();
    const left = source.size - at;
    const length = left < HEADER ? 0 : viewOf(await need(HEADER)).getUint32(0, true);
    const wrong = faultOf(length, left);
    if (wrong) return report({ ...wrong, severity: 'error', offset: at });
    const bytes = await need(length);
    if (bytes.length < length) return report({ ...TRUNCATED, severity: 'error', offset: at });
    const view = viewOf(bytes);
    const type = view.getUint16(4, true);
    if (type >= CONTROL) yield { type, flags: view.getUint16(6, true), offset: at, payload: bytes.slice(HEADER) };
    at += aligned(length);
  }
}

const TRUNCATED = { id: 'image-truncated', message: 'the image ends inside a netlink message' };

function faultOf(length: number, left: number): { id: string; message: string } | undefined {
  if (left < HEADER) return TRUNCATED;
  if (length < HEADER || length > LONGEST_MESSAGE) {
    return { id: 'netlink-length-invalid', message: `a netlink message claims ${length} bytes` };
  }
  return length > left ? TRUNCATED : undefined;
}
