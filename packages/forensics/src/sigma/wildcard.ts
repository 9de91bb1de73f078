/** Texts of Sigma with wildcards: `*` any characters, `?` one; `\*`, `\?` and `\\` stand for themselves, other backslashes too. */

/** Sought after in one text; linear but for several wildcards in one value. */
export type TextTest = (text: string) => boolean;

const MANY: unique symbol = Symbol('*');
const ONE: unique symbol = Symbol('?');
type Piece = string | typeof MANY | typeof ONE;
const ANYTHING: readonly Piece[] = [MANY];

/** Characters, one a piece. */
export function piecesOf(value: string): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < value.length; at += 1) {
    const [char = '', next = ''] = [value[at], value[at + 1]];
    if (char === '\\' && next !== '' && '*?\\'.includes(next)) {
      pieces.push(next);
      at += 1;
    } else if (char !== '*') pieces.push(char === '?' ? ONE : char);
    else if (pieces.at(-1) !== MANY) pieces.push(MANY);
  }
  return pieces;
}

/** Whether `value` is without wildcards. */
export function isPlain(value: string): boolean {
  return piecesOf(value).every((piece) => typeof piece === 'string');
}

/** Where in the text the value must stand. */
export type Place = 'whole' | 'contains' | 'startswith' | 'endswith';

/** `cased`: whether capitals matter. */
export function wildcardTest(value: string, place: Place, cased: boolean): TextTest {
  const open = {
    before: place === 'contains' || place === 'endswith',
    after: place === 'contains' || place === 'startswith',
  };
  const given: readonly Piece[] = piecesOf(cased ? value : value.toLowerCase());
  const pieces: readonly Piece[] = [...(open.before ? ANYTHING : []), ...given, ...(open.after ? ANYTHING : [])].filter(
    (piece, index, all) => piece !== MANY || all[index - 1] !== MANY,
  );
  const test = plainTest(pieces) ?? ((text: string) => fits(pieces, text));
  return cased ? test : (text) => test(text.toLowerCase());
}

/** Undefined where wildcards stand within. */
function plainTest(pieces: readonly Piece[]): TextTest | undefined {
  const [before, after] = [pieces[0] === MANY, pieces.length > 1 && pieces.at(-1) === MANY];
  const inner = pieces.slice(before ? 1 : 0, after ? -1 : undefined);
  if (!inner.every((piece) => typeof piece === 'string')) return undefined;
  const plain = inner.join('');
  if (before && after) return (text) => text.includes(plain);
  if (before) return (text) => text.endsWith(plain);
  return after ? (text) => text.startsWith(plain) : (text) => text === plain;
}

/** Goes back to the last `*` alone, which is enough. */
function fits(pieces: readonly Piece[], text: string): boolean {
  let [at, piece, starred, from] = [0, 0, -1, 0];
  while (at < text.length) {
    const wanted = pieces[piece];
    if (wanted === MANY) {
      [starred, from] = [piece, at];
      piece += 1;
    } else if (wanted === ONE || wanted === text[at]) {
      at += 1;
      piece += 1;
    } else if (starred >= 0) {
      piece = starred + 1;
      from += 1;
      at = from;
    } else return false;
  }
  while (pieces[piece] === MANY) piece += 1;
  return piece === pieces.length;
}
