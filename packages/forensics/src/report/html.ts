/** Markup by a template that escapes whatever is put into it: the one way by which text gets into a page. */
import { harmless } from '@stillframe/core';

/** Markup that was written here. Nothing else makes one, so that no text of the evidence is taken for it. */
export class Markup {
  readonly #text: string;

  constructor(text: string, made: typeof MADE) {
    if (made !== MADE) throw new TypeError('markup is made by html`…`');
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

const MADE = Symbol('made by html');

/** What may stand between the markup: text and numbers, markup, lists of these; nothing for undefined and false. */
export type Content = string | number | bigint | Markup | undefined | false | readonly Content[];

/**
 * Markup of the template's own text, with every value escaped for content and for attributes in double quotes. A value in an
 * attribute without quotes, or in the name of a tag, is not safe: a test forbids such templates.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) text += written(value) + (parts[index + 1] ?? '');
  return new Markup(text, MADE);
}

function written(value: Content): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return String(value);
  if (typeof value === 'object') return value.map(written).join('');
  return escaped(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};

/** Text without markup, and without what could turn it around or hide in it. Line ends stay. */
function escaped(text: string): string {
  const plain = text.split('\n').map(harmless).join('\n');
  return plain.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
