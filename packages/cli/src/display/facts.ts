/** Facts about one thing, a line each: its name, then what is so. */

/** `width`: columns of the names. Values are harmless text already. */
export function renderFacts(rows: readonly (readonly string[])[], width = 10): string {
  return rows.map(([name = '', value = '']) => `${name.padEnd(width)}${value}\n`).join('');
}
