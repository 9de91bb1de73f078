/** A hexadecimal view of the memory of a process at any address: only the rows that are seen are drawn or fetched. */

import { bytesText } from '@stillframe/core/units';
import type { MapFacts } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { h } from '../element.ts';
import { ADDRESSES, PIECE, Pieces } from './bytes.ts';
import { hexRow, type Marked, ROW } from './hex-rows.ts';

/** Rows that are seen. */
const SEEN = 32n;
/** Positions of the slider. */
const STEPS = 10_000;

export interface HexProps {
  readonly one: string;
  readonly pid: number;
  readonly maps: readonly MapFacts[];
  /** Where it begins, and again whenever that changes. */
  readonly address: bigint;
  readonly marked: Marked | undefined;
  /** Told where it stands, once it stands there for a while. */
  readonly onRest: (top: bigint) => void;
}

export function HexView({ one, pid, maps, address, marked, onRest }: HexProps): VNode {
  const pieces = useMemo(() => new Pieces(one, pid), [one, pid]);
  const [top, setTop] = useState(() => rowOf(address));
  const [, drawAgain] = useReducer((count: number) => count + 1, 0);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => setTop(rowOf(address)), [address, pid]);
  useEffect(() => {
    const stop = new AbortController();
    // One piece more on either side, so that scrolling on finds it there.
    pieces.want(top - PIECE, top + SEEN * ROW + PIECE, drawAgain as () => void, stop.signal).catch(() => undefined);
    const rest = setTimeout(() => onRest(top), 150);
    return () => {
      clearTimeout(rest);
      stop.abort();
    };
  }, [pieces, top]);
  const move = (rows: bigint) => setTop((before) => bounded(before + rows * ROW));
  useWheel(box, move);
  const map = mapAt(maps, top);
  const keys: Readonly<Record<string, () => void>> = {
    ArrowUp: () => move(-1n),
    ArrowDown: () => move(1n),
    PageUp: () => move(-SEEN),
    PageDown: () => move(SEEN),
    Home: () => map && setTop(BigInt(map.start)),
    End: () => map && setTop(bounded(BigInt(map.end) - SEEN * ROW)),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.altKey || event.metaKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const rows = Array.from({ length: Number(SEEN) }, (_, index) => top + BigInt(index) * ROW).filter(
    (at) => at < ADDRESSES,
  );
  return h(
    'div',
    { class: 'hex' },
    h('p', { class: 'hex-where', role: 'status' }, whereText(top, map)),
    map && slider(map, top, setTop),
    h(
      'div',
      {
        ...{ class: 'hex-rows', ref: box, tabIndex: 0, role: 'region', onKeyDown },
        'aria-label': 'Bytes; arrow keys, Page Up and Page Down, Home and End move through the mapping',
      },
      rows.map((at) => hexRow(at, pieces, marked)),
    ),
  );
}

/** The whole mapping in a slider: its ends are the first row and the last. */
function slider(map: MapFacts, top: bigint, setTop: (top: bigint) => void): VNode {
  const [start, rows] = [BigInt(map.start), BigInt(map.bytes) / ROW];
  const steps = rows < BigInt(STEPS) ? Number(rows) : STEPS;
  const value = rows === 0n ? 0 : Number((((top - start) / ROW) * BigInt(steps)) / rows);
  const moved = (event: Event) => {
    const step = BigInt((event.target as HTMLInputElement).value);
    setTop(rowOf(start + ((step * rows) / BigInt(steps || 1)) * ROW));
  };
  return h('input', {
    ...{ type: 'range', class: 'hex-slider', min: 0, max: Math.max(0, steps - 1), value, onInput: moved },
    'aria-label': 'Position in the mapping',
    'aria-valuetext': `0x${top.toString(16)}`,
  });
}

function whereText(top: bigint, map: MapFacts | undefined): string {
  const at = `0x${top.toString(16)}`;
  if (!map) return `${at} – nothing is mapped here`;
  return `${at} – ${map.protection} ${map.backing}, ${bytesText(map.bytes)}, ${bytesText(map.captured)} captured`;
}

/** The listener must not be passive: the page must not scroll along. */
function useWheel(box: { readonly current: HTMLElement | null }, move: (rows: bigint) => void): void {
  useEffect(() => {
    const turned = (event: WheelEvent) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY : event.deltaY / 30;
      move(BigInt(Math.trunc(lines) || Math.sign(event.deltaY)));
    };
    const where = box.current;
    where?.addEventListener('wheel', turned, { passive: false });
    return () => where?.removeEventListener('wheel', turned);
  }, []);
}

/** The mapping that holds an address, by halves. */
function mapAt(maps: readonly MapFacts[], address: bigint): MapFacts | undefined {
  let [low, high] = [0, maps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (BigInt(maps[middle]?.end ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const found = maps[low];
  return found && BigInt(found.start) <= address ? found : undefined;
}

function rowOf(address: bigint): bigint {
  return bounded(address - (address % ROW));
}

function bounded(address: bigint): bigint {
  return address < 0n ? 0n : address > ADDRESSES - ROW ? ADDRESSES - ROW : address;
}
