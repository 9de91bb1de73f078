/** Time as the CRI wants it. */

/** Nanoseconds since 1970 as a decimal string, from the system clock (whose resolution here is a millisecond). */
export function nowNanoseconds(): string {
  return String(BigInt(Date.now()) * 1_000_000n);
}

/** RFC 3339 with nanoseconds, as Go writes it. */
export function rfc3339(nanoseconds: string): string {
  const value = BigInt(nanoseconds);
  const seconds = Number(value / 1_000_000_000n);
  const fraction = String(value % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
}
