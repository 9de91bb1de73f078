/** Events by source over time, as bars: a stretch of it is drawn over with the mouse to be seen larger; all goes by keys, too. */
import type { TimelineAnswer } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type Child, h } from '../element.ts';
import { counted, numberText } from '../parts/texts.ts';
import { partOf, type Span, shareOf, ticksOf } from './span.ts';

/** Pixels: of the picture, of what stands left of the bars, of a lane, of the axis. */
const [WIDTH, LEFT, LANE, AXIS] = [1160, 120, 40, 26];
const PLOT = WIDTH - LEFT;
/** Marks of the axis at most, and of the bars the shortest that is seen. */
const [TICKS, SHORTEST] = [9, 4];
/** Less than this share of the width is a click, which looks closer at where it was. */
const CLICK = 0.004;
const CLOSER = 0.15;

export interface ChartProps {
  readonly lanes: TimelineAnswer['lanes'];
  readonly span: Span;
  /** When the dump began. */
  readonly mark: bigint | undefined;
  readonly hidden: ReadonlySet<string>;
  readonly onSpan: (span: Span) => void;
}

export function Chart({ lanes, span, mark, hidden, onSpan }: ChartProps): VNode {
  const picture = useRef<SVGSVGElement>(null);
  const [drawn, setDrawn] = useState<{ readonly from: number; readonly to: number } | undefined>(undefined);
  const height = lanes.length * LANE + AXIS;
  const shareAt = (event: PointerEvent): number => {
    const box = picture.current?.getBoundingClientRect();
    const x = box ? ((event.clientX - box.left) / box.width) * WIDTH : 0;
    return Math.min(1, Math.max(0, (x - LEFT) / PLOT));
  };
  const begin = (event: PointerEvent) => {
    if (event.button !== 0) return;
    picture.current?.setPointerCapture(event.pointerId);
    const share = shareAt(event);
    setDrawn({ from: share, to: share });
  };
  const move = (event: PointerEvent) => drawn && setDrawn({ from: drawn.from, to: shareAt(event) });
  const end = (event: PointerEvent) => {
    if (!drawn) return;
    const to = shareAt(event);
    setDrawn(undefined);
    if (Math.abs(to - drawn.from) >= CLICK) onSpan(partOf(span, drawn.from, to));
    else onSpan(partOf(span, to - CLOSER, to + CLOSER));
  };
  const moves: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [-0.25, 0.75],
    ArrowRight: [0.25, 1.25],
    '+': [0.25, 0.75],
    '=': [0.25, 0.75],
    '-': [-0.5, 1.5],
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const known = event.ctrlKey || event.metaKey ? undefined : moves[event.key];
    if (!known) return;
    event.preventDefault();
    onSpan(partOf(span, ...known));
  };
  const told = lanes.map(({ source, counts }) => `${source} ${numberText(sum(counts))}`).join(', ');
  return h(
    'div',
    {
      ...{ class: 'chart', tabIndex: 0, role: 'group', onKeyDown },
      'aria-label': `Events by time: ${told}. Arrow keys move, plus and minus look closer and wider.`,
    },
    h(
      'svg',
      {
        ...{ ref: picture, class: 'chart-picture', viewBox: `0 0 ${WIDTH} ${height}`, 'aria-hidden': 'true' },
        ...{ onPointerDown: begin, onPointerMove: move, onPointerUp: end, onPointerCancel: () => setDrawn(undefined) },
      },
      axis(span, height),
      lanes.map((lane, at) => drawLane(lane, at, hidden.has(lane.source))),
      mark !== undefined && drawMark(mark, span, height),
      drawn &&
        h('rect', {
          class: 'drawn',
          x: LEFT + Math.min(drawn.from, drawn.to) * PLOT,
          y: 0,
          width: Math.abs(drawn.to - drawn.from) * PLOT,
          height: height - AXIS,
        }),
    ),
  );
}

function axis(span: Span, height: number): Child {
  return ticksOf(span, TICKS).map(({ share, text }) => {
    const x = LEFT + share * PLOT;
    const anchor = share > 0.95 ? 'end' : share < 0.04 ? 'start' : 'middle';
    return h(
      'g',
      { key: text + share, class: 'tick' },
      h('path', { d: `M${x} 0V${height - AXIS + 5}` }),
      h('text', { x, y: height - 6, 'text-anchor': anchor }, text),
    );
  });
}

type Lane = TimelineAnswer['lanes'][number];

/** Heights by the root of the count: one event is seen beside a thousand. */
function drawLane({ source, counts }: Lane, at: number, isHidden: boolean): VNode {
  const bottom = (at + 1) * LANE;
  const most = Math.sqrt(Math.max(1, ...counts));
  const wide = PLOT / Math.max(1, counts.length);
  const shown = sum(counts);
  return h(
    'g',
    { key: source, class: isHidden ? `lane ${source} hidden` : `lane ${source}` },
    h('path', { class: 'ground', d: `M0 ${bottom}H${WIDTH}` }),
    h('text', { class: 'lane-name', x: 0, y: bottom - 18 }, source),
    h('text', { class: 'lane-count', x: 0, y: bottom - 5 }, counted(shown, 'event')),
    counts.map((count, part) => {
      if (count === 0) return false;
      const tall = SHORTEST + (Math.sqrt(count) / most) * (LANE - 12 - SHORTEST);
      const place = { x: LEFT + part * wide, y: bottom - tall, width: Math.max(2, wide - 1), height: tall };
      return h('rect', { key: part, ...place }, h('title', null, counted(count, 'event')));
    }),
  );
}

function drawMark(time: bigint, span: Span, height: number): VNode | false {
  const share = shareOf(time, span);
  if (share < 0 || share > 1) return false;
  const x = LEFT + share * PLOT;
  const isLeft = share > 0.9;
  return h(
    'g',
    { class: 'dump-mark' },
    h('path', { d: `M${x} 0V${height - AXIS}` }),
    h('text', { x: isLeft ? x - 5 : x + 5, y: 11, 'text-anchor': isLeft ? 'end' : 'start' }, 'checkpoint'),
  );
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
