/** The order in which memory is searched and results are put together: stretch by stretch, in blocks of one size. */
import { Block, type BlockShape } from './block.ts';
import type { Owner } from './layout.ts';
import type { Part, Stretch } from './stretch.ts';

/** Some bytes of a stretch whose matches are next. */
export interface Step {
  /** Undefined where a segment is searched for all who map it: its matches are kept. */
  readonly owner: Owner | undefined;
  readonly stretch: Stretch;
  readonly part: Part;
  /** The block that has them, and the number of its view; undefined where the part has a twin. */
  readonly place: { readonly block: Block; readonly view: number } | undefined;
}

/** What comes next: a step, or a block to which nothing is added any more. */
export type Planned = { readonly step: Step } | { readonly block: Block };

/** Plans a search. Every block is given before the first step that needs it is due, for whoever takes both in order. */
export function* planSearch(
  stretches: Iterable<{ readonly owner: Owner | undefined; readonly stretch: Stretch }>,
  shape: BlockShape,
): Generator<Planned> {
  const known = new Set<Stretch>();
  let block = new Block(shape);
  function* own(owner: Owner | undefined, stretch: Stretch, { from, to }: Part): Generator<Planned> {
    for (let at = from; at < to; ) {
      const taken = block.take(stretch, at, to);
      if (taken === 0) {
        yield { block };
        block = new Block(shape);
        continue;
      }
      const part = { from: at, to: at + taken };
      yield { step: { owner, stretch, part, place: { block, view: block.views.length - 1 } } };
      at += taken;
    }
  }
  for (const { owner, stretch } of stretches) {
    for (const part of stretch.parts) {
      const twin = part.twin?.stretch;
      if (twin === undefined) {
        yield* own(owner, stretch, part);
        continue;
      }
      if (!known.has(twin)) {
        known.add(twin);
        for (const each of twin.parts) yield* own(undefined, twin, each);
      }
      yield { step: { owner, stretch, part, place: undefined } };
    }
  }
  yield { block };
}
