/** Captured memory without a gap: of a process, of a segment, or a file. What matches may span. */
import type { ByteSource } from '@stillframe/core';
import { countUpTo } from '@stillframe/core/sorted';

/** Bytes of a stretch that lie together in one pages image. */
export interface Piece {
  /** Where in the stretch. */
  readonly at: number;
  readonly bytes: number;
  readonly source: ByteSource;
  readonly offset: number;
  /** `pagemap-7`. */
  readonly image: string;
}

/** A part of a stretch that is searched here, or, with `twin`, once for all who map it. */
export interface Part {
  readonly from: number;
  readonly to: number;
  readonly twin?: { readonly stretch: Stretch; readonly at: number } | undefined;
}

/** Pieces one behind the other; offsets in it are counted from its begin. */
export interface Stretch {
  /** Address of the first byte. */
  readonly start: bigint;
  readonly bytes: number;
  readonly pieces: readonly Piece[];
  readonly parts: readonly Part[];
}

/** The number of the piece that holds the byte at `at`. */
export function pieceAt({ pieces }: Pick<Stretch, 'pieces'>, at: number): number {
  return Math.max(0, countUpTo(pieces, (piece) => piece.at <= at) - 1);
}
