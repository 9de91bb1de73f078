/** UUIDs that follow from a name (RFC 9562, version 5), so that the same evidence has the same identifiers in any run. */
import { createHash } from 'node:crypto';

/** The namespace of URLs (RFC 9562, 6.6). */
const URLS = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';

/** Throws nothing; `namespace` is a UUID. */
export function uuidOf(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const digits = hash.toString('hex');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20, 32),
  ].join('-');
}

/** Our own namespace. */
const OURS = uuidOf(URLS, 'urn:stillframe');

/** The UUID of what `parts` name; parts are kept apart whatever they hold. */
export function ownUuid(...parts: readonly string[]): string {
  return uuidOf(OURS, JSON.stringify(parts));
}
