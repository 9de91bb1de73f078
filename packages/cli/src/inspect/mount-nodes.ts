/** The mounts as a tree of who is mounted on whom. */
import { type Mount, type MountNode, mountTree } from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import type { TreeNode } from '../display/tree.ts';

/** Levels that are drawn. What lies deeper stands at the last level: a forger makes chains as long as he likes. */
const DEEPEST = 64;

/** Parents first; every mount once. */
export function mountNodes(mounts: readonly Mount[]): readonly TreeNode[] {
  const roots: TreeNode[] = [];
  const several = new Set(mounts.map(({ namespaceId }) => namespaceId)).size > 1;
  const waiting: { node: MountNode; siblings: TreeNode[]; depth: number }[] = [];
  const wait = (nodes: readonly MountNode[], siblings: TreeNode[], depth: number) => {
    // Reversed, since the last one put on the pile is the first one taken off it.
    for (const node of nodes.toReversed()) waiting.push({ node, siblings, depth });
  };
  wait(mountTree(mounts), roots, 1);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, siblings, depth } = next;
    const children: TreeNode[] = [];
    const where = several ? `[${node.mount.namespaceId}] ` : '';
    siblings.push({ label: harmless(where + mountLine(node.mount)), children });
    wait(node.children, ...(depth < DEEPEST ? ([children, depth + 1] as const) : ([siblings, depth] as const)));
  }
  return roots;
}

function mountLine(mount: Mount): string {
  const { mountpoint, type, flagNames, propagation, content } = mount;
  const parts = [
    mountpoint,
    type,
    ...(mount.role === 'filesystem' || mount.role === 'root' ? [] : [mount.role]),
    flagNames.join(','),
    ...(propagation.mode === 'private' ? [] : [propagation.mode]),
    ...(content ? [`${bytesText(content.bytes)} archived`] : []),
    ...(mount.deleted ? ['(deleted)'] : []),
  ];
  const origin = originOf(mount);
  return `${parts.join('  ')}${origin === '' ? '' : `  ← ${origin}`}`;
}

/** Where what is mounted comes from: the path on the host where the specification says it; harmless. */
export function originOf({ role, spec, root, source }: Mount): string {
  if (role === 'external' && spec?.source) return harmless(spec.source);
  if (root !== '/') return harmless(`${source}:${root}`);
  return harmless(source);
}
