/** What can be searched for in memory and files. */

/** Discriminated by `kind`. */
export type Pattern =
  | {
      readonly kind: 'literal';
      readonly bytes: Uint8Array;
      /** ASCII letters match in any case. */
      readonly ignoreCase?: boolean | undefined;
      /** Also as UTF-16LE, where the bytes are a text in UTF-8. */
      readonly wide?: boolean | undefined;
    }
  /**
   * JavaScript's, over bytes as Latin-1: `.` is a byte but a line feed. `anchors`: texts of which one stands in every match; with
   * them memory is gone through at the speed of a literal.
   */
  | {
      readonly kind: 'regex';
      readonly source: string;
      readonly ignoreCase?: boolean | undefined;
      readonly anchors?: readonly string[] | undefined;
    }
  /** Pairs of hexadecimal digits; `?` is any digit, `[2-4]` any bytes, so many, `(aa|bb cc)` one of several. */
  | { readonly kind: 'hex'; readonly source: string };

/** A pattern with its name, by which matches of many are told apart. */
export interface NamedPattern {
  readonly id: string;
  readonly pattern: Pattern;
}

/** A text as a pattern, byte for byte in UTF-8; its id is the text. */
export function textPattern(text: string, options: { ignoreCase?: boolean; wide?: boolean } = {}): NamedPattern {
  return { id: text, pattern: { kind: 'literal', bytes: Buffer.from(text), ...options } };
}
