/** Texts of any script for property tests. */
import fc from 'fast-check';

/**
 * For `fc.string({ unit })`: one code point, lone surrogates among them. fast-check's own `binary` is the same, and makes a
 * table of all million of them for each string that it is asked for.
 */
export const codePoint: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff })
  .map((code) => String.fromCodePoint(code));
