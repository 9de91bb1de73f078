/** Rows of a section as nodes of the tree, of which a forger makes as many as he likes. */
import { harmless } from '@stillframe/core';
import type { TreeNode } from '../display/tree.ts';

/** Rows of one section that a tree draws. */
const DRAWN = 200;

/** A node with a line a row, made harmless; what is left out is counted, with where to find it. */
export function rowsNode<T>(
  title: string,
  rows: readonly T[],
  line: (row: T) => string,
  { drawn = DRAWN, more = '--output json has them' }: { drawn?: number; more?: string } = {},
): TreeNode {
  const children = rows.slice(0, drawn).map((row): TreeNode => ({ label: harmless(line(row)) }));
  if (rows.length > drawn) children.push({ label: `… and ${rows.length - drawn} more; ${more}` });
  return { label: `${harmless(title)} (${rows.length})`, children };
}
