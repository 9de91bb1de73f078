/** Text of the evidence in a column: every row is padded to the widest, and a forger's name may have millions of characters. */

/** Digests by their first digits, by which people tell them apart; JSON has them whole. */
export const shortDigests = (text: string) => text.replace(/\bsha256:([0-9a-f]{12})[0-9a-f]{52}\b/g, 'sha256:$1…');

/** At most `most` characters of `text`, the last one `…` where there were more. */
export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;
}
