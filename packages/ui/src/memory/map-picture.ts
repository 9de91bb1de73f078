/** The address space as a picture: a stripe a mapping, its colour by protection, filled where pages were captured. */

import { bytesText } from '@stillframe/core/units';
import type { MapFacts } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { h, part } from '../element.ts';
import { WindowedList } from '../parts/windowed-list.ts';

/** Pixels of the overall picture. */
const [WIDTH, HEIGHT] = [1000, 46];
/** Mappings that the overall picture draws; what is narrower than a hair is no picture. */
const MOST = 1500;

export interface MapProps {
  readonly maps: readonly MapFacts[];
  /** Where the view of bytes stands. */
  readonly top: bigint;
  readonly onOpen: (address: bigint) => void;
}

export function MapPicture({ maps, top, onOpen }: MapProps): VNode {
  const isHere = ({ start, end }: MapFacts) => top >= BigInt(start) && top < BigInt(end);
  return h(
    'div',
    { class: 'map-picture' },
    overall(maps.slice(0, MOST), isHere, onOpen),
    legend(),
    part(WindowedList<MapFacts>, {
      rows: maps,
      height: 30,
      label: 'Mappings',
      current: maps.findIndex(isHere),
      show: (map) => mapRow(map, isHere(map), onOpen),
    }),
  );
}

/** What a mapping is, for its colour. */
function kindOf({ protection, anonymousCode }: MapFacts): string {
  if (anonymousCode) return 'loose-code';
  if (protection.includes('x')) return 'code';
  if (protection.includes('w')) return 'data';
  return protection.startsWith('r') ? 'fixed' : 'closed';
}

/** Widths by the root of the size: a gigabyte beside a page would leave nothing of the page. The list says the same in words. */
function overall(
  maps: readonly MapFacts[],
  isHere: (map: MapFacts) => boolean,
  onOpen: (address: bigint) => void,
): VNode {
  const widths = maps.map(({ bytes }) => Math.sqrt(bytes) + 40);
  const whole = widths.reduce((sum, width) => sum + width, 0) || 1;
  let x = 0;
  const stripes = maps.map((map, index) => {
    const width = ((widths[index] ?? 0) / whole) * WIDTH;
    const [left, share] = [x, map.captured / map.bytes];
    x += width;
    const filled = HEIGHT * Math.min(1, share);
    return h(
      'g',
      {
        key: map.start,
        class: `${kindOf(map)}${isHere(map) ? ' here' : ''}`,
        onClick: () => onOpen(BigInt(map.start)),
      },
      h('title', null, `${map.start} ${map.protection} ${map.backing}`),
      h('rect', { class: 'ground', x: left, y: 0, width: Math.max(0.5, width - 0.6), height: HEIGHT }),
      h('rect', { class: 'held', x: left, y: HEIGHT - filled, width: Math.max(0.5, width - 0.6), height: filled }),
    );
  });
  return h(
    'svg',
    { class: 'map-overall', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    stripes,
  );
}

function legend(): VNode {
  const kinds = [
    ['data', 'writable'],
    ['fixed', 'read only'],
    ['code', 'code of files'],
    ['loose-code', 'code in no file'],
    ['closed', 'no access'],
  ] as const;
  return h(
    'ul',
    { class: 'legend' },
    kinds.map(([kind, text]) =>
      h('li', { key: kind, class: kind }, h('span', { class: 'swatch', 'aria-hidden': 'true' }), text),
    ),
    h('li', { class: 'note' }, 'filled as far as pages were captured'),
  );
}

function mapRow(map: MapFacts, isHere: boolean, onOpen: (address: bigint) => void): VNode {
  const { start, protection, backing, bytes, captured, deleted, density } = map;
  return h(
    'button',
    {
      type: 'button',
      class: `map-row ${kindOf(map)}`,
      'aria-current': isHere ? 'true' : undefined,
      onClick: () => onOpen(BigInt(start)),
      title: `${backing}${deleted ? ' (deleted)' : ''}`,
    },
    h('span', { class: 'at' }, start.slice(2).padStart(12, '0')),
    h('span', { class: 'protection' }, protection),
    densityStrip(density),
    h('span', { class: 'size' }, bytesText(bytes)),
    h('span', { class: 'backing' }, shortened(backing)),
    h('span', { class: 'visually-hidden' }, `, ${bytesText(captured)} captured`),
  );
}

/** Up to 64 cells, as strong as much of each was captured. */
function densityStrip(density: string): VNode {
  const cells = Array.from(density, (digit, at) =>
    digit === '0' ? false : h('rect', { key: at, x: at, y: 0, width: 1.02, height: 1, class: `held-${digit}` }),
  );
  return h(
    'svg',
    { class: 'density', viewBox: `0 0 ${density.length || 1} 1`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    cells,
  );
}

/** The end of a path says more than its beginning. */
function shortened(backing: string): string {
  const parts = backing.split('/');
  return parts.length > 2 ? `…/${parts.at(-1)}` : backing;
}
