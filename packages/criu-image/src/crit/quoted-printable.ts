/** Names of Unix sockets as crit writes them: quoted-printable (RFC 2045, 6.7) with soft breaks before column 76. */

const WIDEST = 76;

/**
 * Bytes to quoted-printable. As crit's but for line breaks, which are escaped: as they are, `\r\n` would come back as
 * `\n`.
 */
export function quotedPrintable(bytes: Uint8Array): string {
  let text = '';
  let column = 0;
  for (const [index, byte] of bytes.entries()) {
    const last = index + 1 === bytes.length;
    const word = mustBeQuoted(bytes, index, column) ? `=${byte.toString(16).toUpperCase().padStart(2, '0')}` : '';
    const breaks = word === '' ? !last && column + 1 >= WIDEST : column + 3 >= WIDEST;
    if (breaks) {
      text += '=\n';
      column = 0;
    }
    text += word || String.fromCharCode(byte);
    column += word.length || 1;
  }
  return text;
}

/** The reverse of quotedPrintable, of crit's too; undefined for text that neither writes. */
export function bytesOfQuotedPrintable(text: string): Uint8Array | undefined {
  const joined = text.replace(/=\r?\n/g, '');
  if (!/^(?:[^=\u0080-\uffff]|=[0-9A-Fa-f]{2})*$/.test(joined)) return undefined;
  return Uint8Array.from(joined.match(/=..|[^=]/gs) ?? [], (part) =>
    part.length === 1 ? part.charCodeAt(0) : Number.parseInt(part.slice(1), 16),
  );
}

/** `column`: where the byte would stand. A lone dot ends a mail, white space at the end of a line gets lost. */
function mustBeQuoted(bytes: Uint8Array, index: number, column: number): boolean {
  const byte = bytes[index] ?? 0;
  const next = bytes[index + 1];
  if (byte > 126 || byte === 0x3d) return true;
  if (byte === 0x20 || byte === 0x09) return next === undefined;
  if (byte === 0x2e && column === 0) return next === undefined || next === 0x0a || next === 0x0d || next === 0;
  return byte < 33;
}
