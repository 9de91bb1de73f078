/** Addresses of the Internet protocols as CRIU keeps them. */

/** An end of a connection. `address` in text form, `port` 0 where none is bound. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Words of an IPv4 address that stands in an IPv6 one, `::ffff:a.b.c.d`: the third of four, as a little-endian word. */
const MAPPED = 0xffff0000;

/** Whether four words are an IPv4 address in the dress of IPv6. */
export function isMapped(words: readonly number[]): boolean {
  return words.length === 4 && words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
}

/** An address kept as 32-bit words, each holding four bytes of network order in host (little-endian) order. */
export function addressText(words: readonly number[]): string {
  const bytes = words
    .slice(0, 4)
    .flatMap((word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24]);
  if (bytes.length === 0) return '';
  if (bytes.length === 4) return bytes.join('.');
  if (isMapped(words)) return `::ffff:${bytes.slice(12).join('.')}`;
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  if (groups.length !== 8) return groups.join(':');
  // The URL parser writes IPv6 addresses in the form of RFC 5952.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** `127.0.0.1:80`, `[::1]:80`, and `*` for the port that is none. */
export function endpointText({ address, port }: Endpoint): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port === 0 ? '*' : port}`;
}
