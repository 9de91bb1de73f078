/** Device numbers, of which CRIU's images have two packings: that of stat(2), `old`, and the kernel's own. */

/** Major and minor number. `old`: packed as stat(2) has it, otherwise 20 bits for the minor as in the kernel. */
export function deviceNumbers(value: bigint, old: boolean): [major: number, minor: number] {
  if (!old) return [Number(value >> 20n), Number(value & 0xfffffn)];
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

/** `major:minor`, as deviceNumbers. */
export function deviceText(value: bigint, old: boolean): string {
  return deviceNumbers(value, old).join(':');
}

/** The reverse of deviceText; undefined for what is no device number. */
export function deviceOf(text: string, old: boolean): bigint | undefined {
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(text.trim());
  if (match === null) return undefined;
  const [major, minor] = [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0)];
  if (!old) return (major << 20n) | minor;
  const upper = ((major & 0xfffff000n) << 32n) | ((minor & 0xffffff00n) << 12n);
  return upper | ((major & 0xfffn) << 8n) | (minor & 0xffn);
}
