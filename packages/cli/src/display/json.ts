/** Results for programs: every document names its kind and the version of its shape. */

/** One pretty document. 64-bit values that exceed 2^53 are decimal strings; addresses are `0x…` strings already. */
export function renderJson(kind: string, schemaVersion: number, body: object): string {
  return `${escaped(JSON.stringify({ kind, schemaVersion, ...body }, plain, 2))}\n`;
}

/** One compact line of a stream of documents. */
export function renderJsonLine(kind: string, schemaVersion: number, body: object): string {
  return `${escaped(JSON.stringify({ kind, schemaVersion, ...body }, plain))}\n`;
}

/** A document whose shape is somebody else's, pretty or in one line. */
export function renderForeignJson(body: object, pretty: boolean): string {
  return `${escaped(JSON.stringify(body, plain, pretty ? 2 : undefined))}\n`;
}

/** A part of a document that is written piece by piece, escaped as the others are. */
export function renderJsonPart(value: object | string | number | boolean): string {
  return escaped(JSON.stringify(value, plain));
}

/** Characters that would act on a terminal, and of which JSON itself escapes only those below U+0020. */
const ACTING = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The same document, with such characters written as JSON escapes; whoever parses it gets the very same texts. */
function escaped(document: string): string {
  return document.replace(ACTING, (char) =>
    char
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : String(value);
}
