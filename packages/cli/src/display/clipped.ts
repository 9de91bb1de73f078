/** Text of the evidence in a column: every row is padded to the widest, and a forger's name may have millions of characters. */

/** At most `most` characters of `text`, the last one `…` where there were more. */
export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;
}
