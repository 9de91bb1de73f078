/** Mounts as the tree that their parents make. */
import type { Mount } from './mounts.ts';

/** A mount with those upon it, in the order in which they were mounted. */
export interface MountNode {
  readonly mount: Mount;
  readonly children: readonly MountNode[];
}

/**
 * A forest: roots are mounts whose parent is not among `mounts` of the same namespace, and one of every circle of parents
 * that a forger made. Every mount is in it once.
 */
export function mountTree(mounts: readonly Mount[]): readonly MountNode[] {
  const key = (namespaceId: number, id: number) => `${namespaceId}/${id}`;
  // The images hold the last mounted first.
  const ordered = mounts.toReversed();
  const nodes = ordered.map((mount) => ({ mount, children: [] as MountNode[], placed: false }));
  const byId = new Map(nodes.map((node) => [key(node.mount.namespaceId, node.mount.mountId), node]));
  const roots: MountNode[] = [];
  const childrenOf = Map.groupBy(nodes, ({ mount }) => byId.get(key(mount.namespaceId, mount.parentId)));
  const place = (root: (typeof nodes)[number]) => {
    const waiting = [{ node: root, siblings: roots }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { node, siblings } = next;
      if (node.placed) continue;
      node.placed = true;
      siblings.push({ mount: node.mount, children: node.children });
      for (const child of (childrenOf.get(node) ?? []).toReversed())
        waiting.push({ node: child, siblings: node.children });
    }
  };
  for (const node of childrenOf.get(undefined) ?? []) place(node);
  for (const node of nodes) if (!node.placed) place(node);
  return roots;
}
