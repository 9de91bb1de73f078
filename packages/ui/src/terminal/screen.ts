/**
 * The screen of a terminal as elements: what a hostile program writes is text in them and nothing else. Nothing is hidden by its colour:
 * backgrounds are not drawn, what is to be invisible is dim, and only sixteen colours are there, which can be read.
 */
import type { IBuffer, IBufferCell, Terminal } from '@xterm/headless';
import type { VNode } from 'preact';
import { h } from '../element.ts';

interface Run {
  readonly look: string;
  text: string;
}

/** The rows that are seen. `isHere`: whether keys go there, which the cursor shows. */
export function screenRows(terminal: Terminal, isHere: boolean): VNode[] {
  const buffer = terminal.buffer.active;
  return Array.from({ length: terminal.rows }, (_, row) => screenRow(buffer, row, terminal.cols, isHere));
}

function screenRow(buffer: IBuffer, row: number, columns: number, isHere: boolean): VNode {
  const at = buffer.viewportY + row;
  const line = buffer.getLine(at);
  const cursor = at === buffer.baseY + buffer.cursorY ? buffer.cursorX : -1;
  const runs: Run[] = [];
  let cell: IBufferCell | undefined;
  for (let column = 0; column < columns; column += 1) {
    cell = line?.getCell(column, cell);
    // The second half of a wide character.
    if (cell?.getWidth() === 0) continue;
    const isCursor = column === Math.min(cursor, columns - 1);
    const look = `${cell ? lookOf(cell) : ''}${isCursor ? ` cursor${isHere ? ' here' : ''}` : ''}`;
    const text = cell?.getChars() || ' ';
    const last = runs.at(-1);
    if (last?.look === look) last.text += text;
    else runs.push({ look, text });
  }
  if (runs.at(-1)?.look === '') runs.push({ look: '', text: (runs.pop()?.text ?? '').trimEnd() });
  return h(
    'div',
    { class: 'screen-row', key: row },
    runs.map(({ look, text }, index) => (look === '' ? text : h('span', { key: index, class: look.trim() }, text))),
  );
}

function lookOf(cell: IBufferCell): string {
  const colour = cell.isFgPalette() ? cell.getFgColor() : -1;
  return [
    colour >= 0 && colour < 16 ? ` ink-${colour}` : '',
    cell.isBold() ? ' bold' : '',
    cell.isDim() || cell.isInvisible() ? ' dim' : '',
    cell.isItalic() ? ' italic' : '',
    cell.isUnderline() ? ' underline' : '',
    cell.isInverse() ? ' inverse' : '',
  ].join('');
}
