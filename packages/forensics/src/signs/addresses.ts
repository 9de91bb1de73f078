/** What kind of address one is. */
/** The IPv4 address in the dress of IPv6, as itself. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === '::1' || /^127\./.test(plain);
}

/** No address of the Internet: private, link-local, shared or none at all. */
export function isInternal(address: string): boolean {
  const plain = plainAddress(address);
  return (
    isLoopback(plain) ||
    /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\.)/.test(
      plain,
    ) ||
    /^(?:f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|::$)/i.test(plain)
  );
}

/** Whether a text is an address at all. */
export function isAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) || /^[0-9a-f.]*:[0-9a-f:.]*$/i.test(text);
}
