/** The graph of sockets as a picture: boxes are links, so that it goes by keyboard. */
import { bytesText } from '@stillframe/core/units';
import type { VNode } from 'preact';
import { type Child, h } from '../element.ts';
import { counted } from '../parts/texts.ts';
import type { Box, Graph, Line } from './graph.ts';

/** Pixels: of the picture, of a box, and from one box to the next. */
const [WIDTH, BOX, TALL, STEP, TOP] = [1160, 274, 42, 56, 34];
const LEFT = { door: 0, process: (WIDTH - BOX) / 2, outside: WIDTH - BOX } as const;
const TITLES = { door: 'Open to others', process: 'Processes', outside: 'Outside of the checkpoint' } as const;
/** Characters in a line of a box. */
const LONGEST = 32;
/** Where on a line its bytes are written: nearer to the process, where lines of one door have parted; else where there is room. */
const ALONG = [0.36, 0.52, 0.66, 0.24] as const;

export interface PictureProps {
  readonly graph: Graph;
  /** Key of the box that is chosen. */
  readonly chosen: string | undefined;
  /** The address that chooses a box, or none. */
  readonly addressFor: (key: string | undefined) => string;
}

export function NetworkPicture({ graph, chosen, addressFor }: PictureProps): VNode {
  const { boxes, lines } = graph;
  const tallest = Math.max(...(['door', 'process', 'outside'] as const).map((name) => countOf(boxes, name)), 1);
  const height = TOP + tallest * STEP;
  const places = new Map(boxes.map((box) => [box.key, placeOf(box, boxes, tallest)]));
  const near = new Set(lines.flatMap(({ from, to }) => (from === chosen || to === chosen ? [from, to] : [])));
  const isFar = (key: string) => chosen !== undefined && key !== chosen && !near.has(key);
  return h(
    'svg',
    {
      class: 'network-picture',
      viewBox: `0 0 ${WIDTH} ${height}`,
      role: 'group',
      'aria-label': `Network: ${counted(countOf(boxes, 'process'), 'process', 'processes')}, ${counted(countOf(boxes, 'door'), 'door')}, ${countOf(boxes, 'outside')} outside`,
    },
    (['door', 'process', 'outside'] as const).map((name) =>
      h(
        'text',
        { key: name, class: 'column-title', x: LEFT[name] + 2, y: 16 },
        countOf(boxes, name) > 0 ? TITLES[name] : `${TITLES[name]}: none`,
      ),
    ),
    // Lines that are dimmed lie below those that are not.
    [...lines]
      .sort((a, b) => Number(isLit(a, chosen)) - Number(isLit(b, chosen)))
      .map((line) => drawLine(line, places, chosen !== undefined && !isLit(line, chosen))),
    boxes.map((box) => drawBox(box, places, { chosen, isFar: isFar(box.key), addressFor })),
    drawWaiting(lines, places, chosen),
  );
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** In the middle of its column: a column with few boxes stands beside those that they are joined to. */
function placeOf({ column, row }: Box, boxes: readonly Box[], tallest: number): Place {
  const free = (tallest - countOf(boxes, column)) * STEP;
  return { x: LEFT[column], y: TOP + free / 2 + row * STEP };
}

function countOf(boxes: readonly Box[], name: Box['column']): number {
  return boxes.filter(({ column }) => column === name).length;
}

function isLit({ from, to }: Line, chosen: string | undefined): boolean {
  return from === chosen || to === chosen;
}

interface Ends {
  readonly path: string;
  /** The point of it at a share of its way. */
  at(share: number): Place;
}

function endsOf({ from, to }: Line, places: ReadonlyMap<string, Place>): Ends | undefined {
  const [a, b] = [places.get(from), places.get(to)];
  if (!a || !b) return undefined;
  const [y1, y2] = [a.y + TALL / 2, b.y + TALL / 2];
  if (a.x === b.x) {
    // Between two processes: a bow at the right of their column.
    const [x, out] = [a.x + BOX, a.x + BOX + 34 + Math.min(60, Math.abs(y2 - y1) / 6)];
    const path = `M${x} ${y1}C${out} ${y1} ${out} ${y2} ${x} ${y2}`;
    return { path, at: () => ({ x: (x + 3 * out) / 4, y: (y1 + y2) / 2 }) };
  }
  const [x1, x2] = a.x < b.x ? [a.x + BOX, b.x] : [a.x, b.x + BOX];
  const half = (x1 + x2) / 2;
  // A cubic Bézier curve with its handles at half of the way.
  const at = (share: number) => {
    const [first, second] = [(1 - share) ** 3, 3 * (1 - share) ** 2 * share];
    const [third, last] = [3 * (1 - share) * share ** 2, share ** 3];
    return {
      x: x1 * first + half * (second + third) + x2 * last,
      y: y1 * (first + second) + y2 * (third + last),
    };
  };
  return { path: `M${x1} ${y1}C${half} ${y1} ${half} ${y2} ${x2} ${y2}`, at };
}

function drawLine(line: Line, places: ReadonlyMap<string, Place>, isFar: boolean): VNode | false {
  const ends = endsOf(line, places);
  if (!ends) return false;
  const look = `line ${line.kind}${line.waiting > 0 ? ' waits' : ''}${isFar ? ' far' : ''}`;
  return h('path', { key: `${line.from}\n${line.to}`, class: look, d: ends.path });
}

/** What waits on lines, written on them, no text over another where that can be helped. */
function drawWaiting(lines: readonly Line[], places: ReadonlyMap<string, Place>, chosen: string | undefined): Child {
  const taken: Place[] = [];
  const isFree = ({ x, y }: Place) => taken.every((other) => Math.abs(other.x - x) > 64 || Math.abs(other.y - y) > 21);
  return lines.map((line) => {
    const ends = line.waiting > 0 && endsOf(line, places);
    if (!ends) return false;
    const share = ALONG.find((each) => isFree(ends.at(each))) ?? ALONG[0];
    const place = ends.at(share);
    taken.push(place);
    const { x, y } = place;
    const text = bytesText(line.waiting);
    const wide = text.length * 6.4 + 14;
    const isFar = chosen !== undefined && !isLit(line, chosen);
    return h(
      'g',
      { key: `${line.from}\n${line.to}`, class: isFar ? 'waiting-bytes far' : 'waiting-bytes' },
      h('rect', { x: x - wide / 2, y: y - 10, width: wide, height: 20, rx: 10 }),
      h('text', { x, y: y + 4 }, text),
    );
  });
}

interface Look {
  readonly chosen: string | undefined;
  readonly isFar: boolean;
  readonly addressFor: PictureProps['addressFor'];
}

function drawBox(box: Box, places: ReadonlyMap<string, Place>, { chosen, isFar, addressFor }: Look): VNode | false {
  const place = places.get(box.key);
  if (!place) return false;
  const { key, column, title, note } = box;
  const isChosen = key === chosen;
  return h(
    'a',
    {
      key,
      class: `box ${column}${isChosen ? ' chosen' : ''}${isFar ? ' far' : ''}`,
      href: addressFor(isChosen ? undefined : key),
      'aria-current': isChosen ? 'true' : undefined,
    },
    title.length > LONGEST && h('title', null, title),
    h('rect', { x: place.x + 1, y: place.y + 1, width: BOX - 2, height: TALL - 2, rx: 7 }),
    h('text', { class: 'box-title', x: place.x + 13, y: place.y + 18 }, `${clipped(title)} `),
    h('text', { class: 'box-note', x: place.x + 13, y: place.y + 34 }, note),
  );
}

/** The end of a name is cut off; the whole is in its title. */
function clipped(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
