/** The first bytes of a file, as text where they are text, else as hexadecimal lines; and the whole to be saved. */
import { bytesText } from '@stillframe/core/units';
import type { VNode } from 'preact';
import { addressOf } from '../ask.ts';
import { type Child, h } from '../element.ts';
import { link, whenThere } from '../parts/parts.ts';
import { useAnswer } from '../use-answer.ts';

/** Lines of text that are drawn, and bytes of a hexadecimal line. */
const [MOST_LINES, ROW, MOST_ROWS] = [500, 16, 256];

export function Preview({ one, thing }: { one: string; thing: string }): VNode {
  const answer = useAnswer(one, 'preview', { thing });
  return whenThere(answer, ({ base64, bytes: whole }) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const isCut = whole === null || bytes.length < whole;
    const lines = textLines(bytes, isCut) ?? hexLines(bytes);
    return h(
      'div',
      { class: 'preview' },
      h(
        'p',
        { class: 'tools' },
        h(
          'span',
          { class: 'count' },
          isCut
            ? `the first ${bytesText(bytes.length)}${whole === null ? '' : ` of ${bytesText(whole)}`}`
            : bytesText(whole),
        ),
        link(addressOf(one, 'download', { thing }), 'Save', { class: 'button plain', download: '' }),
      ),
      bytes.length === 0
        ? h('p', { class: 'none' }, 'It is empty.')
        : h(
            'div',
            { class: 'preview-lines', tabIndex: 0, role: 'region', 'aria-label': 'Content' },
            lines.map((line, at) => h('div', { key: at }, line || ' ')),
          ),
    );
  });
}

/** Undefined for what is no text. A character that was cut at the end says nothing. */
function textLines(bytes: Uint8Array, isCut: boolean): readonly Child[] | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut });
    return text.split('\n').slice(0, MOST_LINES);
  } catch {
    return undefined;
  }
}

function hexLines(bytes: Uint8Array): readonly Child[] {
  const count = Math.min(MOST_ROWS, Math.ceil(bytes.length / ROW));
  return Array.from({ length: count }, (_, index) => {
    const row = bytes.subarray(index * ROW, (index + 1) * ROW);
    const digits = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const characters = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join(
      '',
    );
    return `${(index * ROW).toString(16).padStart(6, '0')}  ${digits.padEnd(ROW * 3)} ${characters}`;
  });
}
