/** Attributes of netlink messages (struct nlattr): a length, a type, a value. Values are read by what they should be. */
import { viewOf } from '@stillframe/core';
import { addressText } from '../socket/address.ts';
import { aligned } from './netlink.ts';

/** By type, without the bits for nesting and byte order; the last of a type counts, as in the kernel. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

/** Bits of a type that are not the type: NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;
const HEADER = 4;

/**
 * The attributes from `start` of `bytes` on. `fault` is told where a length cannot be; those before it stand. Fewer than
 * four bytes at the end are filling.
 */
export function decodeAttributes(bytes: Uint8Array, start: number, fault: (why: string) => void): Attributes {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  if (start > bytes.length) fault(`${bytes.length} bytes where ${start} are the fixed part`);
  for (let at = start; at + HEADER <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < HEADER || at + length > bytes.length) {
      fault(`an attribute claims ${length} of ${bytes.length - at} bytes`);
      break;
    }
    attributes.set(view.getUint16(at + 2, true) & TYPE_MASK, bytes.subarray(at + HEADER, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** A 32-bit number of the host's (little-endian) order; undefined where the value is no such. */
export function word(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.length === 4 ? viewOf(bytes).getUint32(0, true) : undefined;
}

/** A number of one byte. */
export function byte(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.length === 1 ? bytes[0] : undefined;
}

/** A number of two, four or eight bytes in network order. */
export function networkNumber(bytes: Uint8Array | undefined): bigint | undefined {
  if (bytes === undefined || ![2, 4, 8].includes(bytes.length)) return undefined;
  return bytes.reduce((sum, each) => (sum << 8n) | BigInt(each), 0n);
}

/** A port in network order. */
export function port(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.length === 2 ? Number(networkNumber(bytes)) : undefined;
}

/** Text up to its NUL; raw. */
export function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** An IPv4 or IPv6 address as people write it; `0x…` where it is of another length. */
export function ipText(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  if (bytes.length !== 4 && bytes.length !== 16) return `0x${Buffer.from(bytes).toString('hex')}`;
  const view = viewOf(bytes);
  return addressText(Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true)));
}
