/** Networks as CIDR writes them, over addresses as texts. */

interface Address {
  readonly value: bigint;
  /** Bits: 32 or 128. */
  readonly width: 32 | 128;
}

/** Whether an address lies in `network`; undefined where that is no network. */
export function networkTest(network: string): ((text: string) => boolean) | undefined {
  const [, written = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? [];
  const base = addressOf(written);
  if (!base || Number(bits) > base.width) return undefined;
  const rest = BigInt(base.width - Number(bits));
  return (text) => {
    const address = addressOf(text);
    return address?.width === base.width && address.value >> rest === base.value >> rest;
  };
}

/** IPv4 in dots, IPv6 in groups, of which `::` stands for those that are zero. */
function addressOf(text: string): Address | undefined {
  const four = ipv4Of(text);
  if (four !== undefined) return { value: four, width: 32 };
  if (text.length > 45 || !text.includes(':')) return undefined;
  // The last 32 bits may be written as IPv4.
  const tail = /[^:]*$/.exec(text)?.[0] ?? '';
  const last = tail.includes('.') ? ipv4Of(tail) : undefined;
  const head = text.slice(0, text.length - tail.length);
  const plain = last === undefined ? text : `${head}${(last >> 16n).toString(16)}:${(last & 0xffffn).toString(16)}`;
  const halves = plain.split('::');
  const [before = [], after = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - before.length - after.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return { value: BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`), width: 128 };
}

function ipv4Of(text: string): bigint | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
