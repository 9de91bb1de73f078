/** Nested facts as a tree. Labels are harmless text already. */

export interface TreeNode {
  label: string;
  children?: readonly TreeNode[];
}

/** The node's label and, below it, its children with branches; ends in a newline. */
export function renderTree(root: TreeNode): string {
  const lines = [root.label];
  const walk = (nodes: readonly TreeNode[], indent: string) => {
    for (const [index, node] of nodes.entries()) {
      const last = index === nodes.length - 1;
      lines.push(`${indent}${last ? '└─ ' : '├─ '}${node.label}`);
      walk(node.children ?? [], `${indent}${last ? '   ' : '│  '}`);
    }
  };
  walk(root.children ?? [], '');
  return `${lines.join('\n')}\n`;
}
