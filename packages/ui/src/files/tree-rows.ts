/** Changed paths as a tree: folders above them are made up where the container had not changed these themselves. */
import type { ChangeFacts } from '@stillframe/server/contract';

/** One line of the tree. */
export interface TreeRow {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  /** Undefined for a folder that is only on the way. */
  readonly change: ChangeFacts | undefined;
  readonly isFolder: boolean;
  /** Changed paths below it. */
  readonly below: number;
}

interface Node {
  readonly name: string;
  readonly path: string;
  readonly children: Map<string, Node>;
  change: ChangeFacts | undefined;
  below: number;
}

/** The root of the tree over `changes`. */
export function treeOf(changes: readonly ChangeFacts[]): Node {
  const root: Node = { name: '/', path: '/', children: new Map(), change: undefined, below: 0 };
  for (const change of changes) {
    let here = root;
    for (const name of change.path.split('/').filter(Boolean)) {
      here.below += 1;
      const path = here.path === '/' ? `/${name}` : `${here.path}/${name}`;
      const next = here.children.get(name) ?? { name, path, children: new Map(), change: undefined, below: 0 };
      here.children.set(name, next);
      here = next;
    }
    here.change = change;
  }
  return root;
}

/** The lines that are seen where the folders of `closed` are folded; only what leads to a path that holds `sought`. */
export function rowsOf(root: Node, closed: ReadonlySet<string>, sought: string): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const wanted = sought.trim().toLowerCase();
  // A list of what waits, and no recursion: a forger nests as deep as he likes.
  const waiting: { node: Node; depth: number }[] = childrenOf(root).map((node) => ({ node, depth: 0 }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, depth } = next;
    if (wanted !== '' && !holds(node, wanted)) continue;
    const isFolder = node.children.size > 0 || node.change?.type === 'folder';
    rows.push({ path: node.path, name: node.name, depth, change: node.change, isFolder, below: node.below });
    if (wanted === '' && closed.has(node.path)) continue;
    for (const child of childrenOf(node)) waiting.push({ node: child, depth: depth + 1 });
  }
  return rows;
}

/** The last one first, for a list that is taken from its end. */
function childrenOf(node: Node): Node[] {
  return [...node.children.values()].sort((a, b) => (a.name < b.name ? 1 : -1));
}

function holds(node: Node, wanted: string): boolean {
  const waiting = [node];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (next.change?.path.toLowerCase().includes(wanted)) return true;
    waiting.push(...next.children.values());
  }
  return false;
}
