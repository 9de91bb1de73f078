/** Numbers and moments as people read them. */

const NUMBER = new Intl.NumberFormat('en-GB');

/** `1,234`. */
export function numberText(value: number): string {
  return NUMBER.format(value);
}

/** `3 processes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** `2026-11-23 23:26:53 UTC` of RFC 3339; as it was written where it is no such time. */
export function momentText(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** As momentText, of seconds since 1970; the number where no date is that far from it. */
export function secondsText(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? `${seconds} seconds since 1970` : momentText(time.toISOString());
}

/** Digests and ids: enough to tell them apart; the whole is in the title of where it stands. */
export function shortId(text: string): string {
  const [, digest] = /^(?:sha256:)?([0-9a-f]{24,})$/.exec(text) ?? [];
  return digest === undefined ? text : digest.slice(0, 12);
}
