/** Rows of the hexadecimal view: sixteen bytes each, as digits and as characters. */
import type { VNode } from 'preact';
import { type Child, h } from '../element.ts';
import type { Pieces } from './bytes.ts';

export const ROW = 16n;

/** Bytes that are marked, because a finding or a match points at them. */
export interface Marked {
  readonly from: bigint;
  readonly to: bigint;
}

interface Cell {
  readonly digits: string;
  readonly character: string;
  readonly look: string;
}

const GONE: Cell = { digits: '··', character: '·', look: 'absent' };
const AWAITED: Cell = { digits: '  ', character: ' ', look: 'awaited' };

export function hexRow(at: bigint, pieces: Pieces, marked: Marked | undefined): VNode {
  const cells = Array.from({ length: Number(ROW) }, (_, index) => cellAt(at + BigInt(index), pieces, marked));
  return h(
    'div',
    { class: 'hex-row', key: String(at) },
    h('span', { class: 'at' }, at.toString(16).padStart(12, '0')),
    h(
      'span',
      { class: 'digits' },
      runs(cells, (cell, index) => cell.digits + (index === 7 ? '  ' : ' ')),
    ),
    h(
      'span',
      { class: 'characters' },
      runs(cells, ({ character }) => character),
    ),
  );
}

function cellAt(address: bigint, pieces: Pieces, marked: Marked | undefined): Cell {
  const piece = pieces.at(address);
  const index = piece && Number(address - piece.at);
  const byte = index === undefined ? undefined : piece?.bytes[index];
  if (piece === undefined || index === undefined || byte === undefined) return AWAITED;
  const state = piece.names[piece.states[index] ?? 0] ?? '';
  const mark = marked && address >= marked.from && address < marked.to ? ' marked' : '';
  if (state !== 'captured' && state !== 'zero') return mark === '' ? GONE : { ...GONE, look: `absent${mark}` };
  const isPrintable = byte >= 0x20 && byte < 0x7f;
  return {
    digits: byte.toString(16).padStart(2, '0'),
    character: isPrintable ? String.fromCharCode(byte) : '.',
    look: (byte === 0 ? 'zero' : isPrintable ? 'text' : 'byte') + mark,
  };
}

/** Neighbours that look alike are one element: there are thousands of cells. */
function runs(cells: readonly Cell[], textOf: (cell: Cell, index: number) => string): Child {
  const found: { look: string; text: string }[] = [];
  for (const [index, cell] of cells.entries()) {
    const last = found.at(-1);
    if (last?.look === cell.look) last.text += textOf(cell, index);
    else found.push({ look: cell.look, text: textOf(cell, index) });
  }
  return found.map(({ look, text }, index) => h('span', { key: index, class: look }, text));
}
