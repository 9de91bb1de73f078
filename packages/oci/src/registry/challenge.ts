/** The WWW-Authenticate header (RFC 9110, section 11.6.1): one or more challenges in one comma-separated line. */

/** One challenge; scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/** Reads all challenges up to the first fault; never throws. Node.js bounds the length of headers. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  const cursor = { text: header, at: 0 };
  for (;;) {
    skip(cursor, /[\s,]*/y);
    const scheme = match(cursor, TOKEN)?.[0];
    if (scheme === undefined) return challenges;
    skip(cursor, / */y);
    const parameters = new Map<string, string>();
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
    while (readParameter(cursor, parameters)) skip(cursor, /[\s,]*/y);
  }
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** Reads `name=value`. A token without an equals sign is the next scheme: the cursor then stays before it. */
function readParameter(cursor: Cursor, parameters: Map<string, string>): boolean {
  const start = cursor.at;
  const name = match(cursor, TOKEN)?.[0];
  skip(cursor, /\s*/y);
  if (name !== undefined && match(cursor, /=/y)) {
    skip(cursor, /\s*/y);
    const value = match(cursor, QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? match(cursor, TOKEN)?.[0];
    if (value !== undefined) {
      parameters.set(name.toLowerCase(), value);
      return true;
    }
  }
  cursor.at = start;
  return false;
}

function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found) cursor.at = pattern.lastIndex;
  return found;
}

function skip(cursor: Cursor, pattern: RegExp): void {
  match(cursor, pattern);
}
