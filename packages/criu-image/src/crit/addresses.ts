/** IP addresses as crit writes them in pretty JSON. */

/** One word (IPv4) or four (IPv6) of network byte order in host byte order; undefined for any other number of words. */
export function addressText(words: readonly number[]): string | undefined {
  const bytes = words.flatMap((word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24]);
  if (words.length === 1) return bytes.join('.');
  if (words.length !== 4) return undefined;
  const parts = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  if (parts.slice(0, 5).every((part) => part === 0) && parts[5] === 0xffff)
    return `::ffff:${bytes.slice(12).join('.')}`;
  const { start, length } = longestZeroes(parts);
  const hex = parts.map((part) => part.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** The reverse of addressText; undefined for what is no address. */
export function addressWords(text: string): number[] | undefined {
  const bytes = text.includes(':') ? bytesOfIpv6(text) : bytesOfIpv4(text);
  if (bytes === undefined) return undefined;
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function longestZeroes(parts: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < parts.length; start += 1) {
    let end = start;
    while (parts[end] === 0) end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

function bytesOfIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  const sound = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return sound ? parts.map(Number) : undefined;
}

function bytesOfIpv6(text: string): number[] | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted ? bytesOfIpv4(dotted[2] ?? '') : [];
  if (tail === undefined) return undefined;
  const halves = (dotted ? (dotted[1] ?? '').replace(/([^:]):$/, '$1') : text).split('::');
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - tail.length / 2 - left.length - right.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const parts = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return undefined;
  return [...parts.map((part) => Number.parseInt(part, 16)).flatMap((part) => [part >> 8, part & 0xff]), ...tail];
}
