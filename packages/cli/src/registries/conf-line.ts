/** Which line of a registries.conf a fault is about: its reader knows keys, not lines. */

const HEADER = /^\s*\[\[\s*registry\s*(\.\s*mirror\s*)?\]\]/;

/**
 * The line, from 1 on, of what a fault's message begins with: `registry[1].mirror[0].insecure …`. Undefined where the file
 * writes its tables in another way than with headers of their own.
 */
export function lineOf(text: string, message: string): number | undefined {
  const [, table, mirror, key] = /^registry\[(\d+)\](?:\.mirror\[(\d+)\])?(?:\.([a-z-]+))?/.exec(message) ?? [];
  if (table === undefined) return undefined;
  let [tables, mirrors] = [-1, -1];
  let header: number | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [found, isMirror] = HEADER.exec(line) ?? [];
    if (found !== undefined && isMirror === undefined) [tables, mirrors] = [tables + 1, -1];
    else if (found !== undefined) mirrors += 1;
    const here = tables === Number(table) && mirrors === (mirror === undefined ? -1 : Number(mirror));
    if (here && found !== undefined) header = index + 1;
    if (here && key !== undefined && new RegExp(`^\\s*"?${key}"?\\s*=`).test(line)) return index + 1;
  }
  return header;
}
