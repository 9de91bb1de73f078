/** Netlink messages made by hand, for tests. */

/** An attribute with its filling. */
export function attribute(type: number, value: Uint8Array | readonly number[]): Uint8Array {
  const bytes = Uint8Array.from(value);
  const whole = new Uint8Array((4 + bytes.length + 3) & ~3);
  const view = new DataView(whole.buffer);
  view.setUint16(0, 4 + bytes.length, true);
  view.setUint16(2, type, true);
  whole.set(bytes, 4);
  return whole;
}

/** Attributes within one. */
export function nested(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return attribute(type | 0x8000, Buffer.concat(parts));
}

/** A message: its header, a fixed part, attributes. `length` lies about it. */
export function message(
  type: number,
  head: readonly number[],
  parts: readonly Uint8Array[] = [],
  length?: number,
): Uint8Array {
  const body = Buffer.concat([Uint8Array.from(head), ...parts]);
  const whole = new Uint8Array((16 + body.length + 3) & ~3);
  const view = new DataView(whole.buffer);
  view.setUint32(0, length ?? 16 + body.length, true);
  view.setUint16(4, type, true);
  whole.set(body, 16);
  return whole;
}

/** A 32-bit number, lowest byte first. */
export function little(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
