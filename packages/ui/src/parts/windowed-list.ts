/** A long list of rows of one height, of which only those are drawn that are seen. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { h } from '../element.ts';

/** Rows drawn beyond those that are seen, on either side. */
const BEYOND = 8;
/** Browsers draw nothing that lies deeper than some ten million pixels. */
const DEEPEST = 8_000_000;

export interface WindowedProps<Row> {
  readonly rows: readonly Row[];
  /** Pixels of one row. */
  readonly height: number;
  readonly label: string;
  /** The row that is to be seen; -1 for none. */
  readonly current: number;
  readonly show: (row: Row) => VNode;
}

export function WindowedList<Row>({ rows, height, label, current, show }: WindowedProps<Row>): VNode {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 400 });
  const look = () => box.current && setSeen({ top: box.current.scrollTop, height: box.current.clientHeight });
  useEffect(() => {
    look();
    const watch = new ResizeObserver(look);
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const where = box.current;
    if (!where || current < 0) return;
    const top = current * height;
    if (top < where.scrollTop || top + height > where.scrollTop + where.clientHeight)
      where.scrollTop = top - where.clientHeight / 3;
  }, [current, height]);
  const most = Math.min(rows.length, Math.floor(DEEPEST / height));
  const first = Math.max(0, Math.floor(seen.top / height) - BEYOND);
  const last = Math.min(most, Math.ceil((seen.top + seen.height) / height) + BEYOND);
  return h(
    'div',
    { class: 'windowed', ref: box, onScroll: look, role: 'region', 'aria-label': label, tabIndex: 0 },
    h(
      'div',
      { class: 'windowed-all', style: { height: `${most * height}px` } },
      h(
        'ul',
        { class: 'windowed-seen', style: { transform: `translateY(${first * height}px)` } },
        rows.slice(first, last).map((row, at) =>
          h(
            'li',
            {
              key: first + at,
              style: { height: `${height}px` },
              'aria-setsize': rows.length,
              'aria-posinset': first + at + 1,
            },
            show(row),
          ),
        ),
      ),
    ),
  );
}
