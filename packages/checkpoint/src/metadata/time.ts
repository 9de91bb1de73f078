/** Times in metadata: RFC 3339 text, of which Go writes the year 1 for "never". */

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** `text` where it is a time that was set, undefined otherwise. */
export function knownTime(text: string | undefined): string | undefined {
  return text === undefined || !RFC3339.test(text) || text.startsWith('0001-01-01') ? undefined : text;
}

/** RFC 3339 text in UTC of nanoseconds since 1970; undefined for 0, which means "never", and for more than a date holds. */
export function timeOfNanoseconds(nanoseconds: number | bigint | undefined): string | undefined {
  if (nanoseconds === undefined || nanoseconds <= 0) return undefined;
  const whole = BigInt(nanoseconds);
  const date = new Date(Number(whole / 1_000_000n));
  if (Number.isNaN(date.getTime())) return undefined;
  return date.toISOString().replace(/\.\d+Z$/, `.${(whole % 1_000_000_000n).toString().padStart(9, '0')}Z`);
}
