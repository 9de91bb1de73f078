/** Stacks of the bundle as stacks of the sources that it was made of. */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A place in a file of a bundle, as stacks have it: line and column counted from one. */
const PLACE = /(file:\/\/[^\s()]+\/dist\/bundle\/[^\s()]+\.mjs):(\d+):(\d+)/g;

/** `stack` with the places in sources where it has places in a bundle; those whose map cannot be read stay as they are. */
export function stackOfSources(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(PLACE, (place, url: string, line: string, column: string) => {
    if (!maps.has(url)) maps.set(url, mapOf(url));
    const found = maps.get(url)?.findOrigin(Number(line), Number(column));
    if (!found || !('fileName' in found)) return place;
    return `${new URL(found.fileName, url).href}:${found.lineNumber}:${found.columnNumber}`;
  });
}

function mapOf(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
