/** Codec of pax extended header records: `<length> <key>=<value>\n` (POSIX.1-2024 pax, "pax Extended Header"). */

/** Records by key, the last of a key wins; an empty value takes an earlier one back. */
export type PaxRecords = ReadonlyMap<string, string>;

const text = new TextDecoder('utf-8', { ignoreBOM: true });
const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

/** Kept keys: the rest (other xattrs, comments, atime…) is of no use here and is not held in memory. */
const KEPT =
  /^(path|linkpath|size|mtime|uid|gid|GNU\.sparse\..*|SCHILY\.realsize|SCHILY\.xattr\.(security\.capability|(trusted|user)\.overlay\.opaque))$/;

/** Decodes a record set. `fault` says what is wrong with the first record that could not be read; those before it stand. */
export function decodePax(bytes: Uint8Array): { records: PaxRecords; fault?: string } {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(SPACE, at);
    const digits = space < 0 || space - at > 10 ? '' : text.decode(bytes.subarray(at, space));
    const length = /^[1-9][0-9]*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length < digits.length + 3 || end > bytes.length || bytes[end - 1] !== NEWLINE) {
      return { records, fault: `record at byte ${at} has a wrong length` };
    }
    const equals = bytes.indexOf(EQUALS, space + 1);
    if (equals < 0 || equals >= end - 1 || equals === space + 1) {
      return { records, fault: `record at byte ${at} has no key` };
    }
    const key = text.decode(bytes.subarray(space + 1, Math.min(equals, space + 1 + 256)));
    if (KEPT.test(key)) records.set(key, text.decode(bytes.subarray(equals + 1, end - 1)));
    at = end;
  }
  return { records };
}

/** Encodes records in the order given. */
export function encodePax(records: Iterable<readonly [string, string]>): Uint8Array {
  const parts: Buffer[] = [];
  for (const [key, value] of records) {
    const body = Buffer.from(` ${key}=${value}\n`);
    let length = body.length + 1;
    // The length counts its own digits, so that one more digit may make it longer still.
    while (String(length).length + body.length !== length) length = String(length).length + body.length;
    parts.push(Buffer.from(String(length)), body);
  }
  return Buffer.concat(parts);
}
