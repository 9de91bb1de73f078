/** Changes of the root filesystem in one line each, and as a node of the tree. */
import type { RootfsChange } from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import type { TreeNode } from '../display/tree.ts';
import { rowsNode } from './rows.ts';

/** What `inspect` holds of the changes. */
export interface ChangesView {
  /** `not-recorded`: the engine wrote none, or there were none. */
  state: 'recorded' | 'not-recorded' | 'unreadable';
  rows: readonly RootfsChange[];
  /** Changes that are not in `rows`. */
  left: number;
}

/** The first of them, those with flags before the others. */
export function changesNode({ state, rows, left }: ChangesView): TreeNode {
  if (state !== 'recorded') {
    const why = state === 'unreadable' ? 'unreadable' : 'none recorded: there were none, or the engine left them out';
    return { label: `Root filesystem changes: ${why}` };
  }
  const telling = (row: RootfsChange) => row.flags.some((flag) => flag !== 'mountpoint');
  const ordered = [...rows.filter(telling), ...rows.filter((row) => !telling(row))];
  const more = '`stillframe changes` lists them';
  const node = rowsNode('Root filesystem changes', ordered, changeLine, { more });
  return left === 0
    ? node
    : { ...node, children: [...(node.children ?? []), { label: `… and ${left} more; ${more}` }] };
}

/** Levels that are drawn; what lies deeper keeps the rest of its path. */
const DEEPEST = 32;

interface Branch {
  label: string;
  children: Branch[];
  byName: Map<string, Branch>;
}

/** The changes as the folders have them. */
export function changeTree(rows: Iterable<RootfsChange>): TreeNode {
  const root: Branch = { label: '/', children: [], byName: new Map() };
  for (const row of rows) {
    const parts = row.path.split('/').filter((part) => part !== '');
    const names = [...parts.slice(0, DEEPEST), ...(parts.length > DEEPEST ? [parts.slice(DEEPEST).join('/')] : [])];
    let branch = root;
    for (const name of names) {
      const next = branch.byName.get(name) ?? { label: harmless(name), children: [], byName: new Map() };
      if (!branch.byName.has(name)) branch.children.push(next);
      branch.byName.set(name, next);
      branch = next;
    }
    branch.label = changeLine({ ...row, path: names.at(-1) ?? '/' });
  }
  return root;
}

function changeLine(row: RootfsChange): string {
  const flags = row.flags.length > 0 ? `  [${row.flags.join(', ')}]` : '';
  const owner = row.mode === undefined ? '' : `  ${modeText(row)} ${ownerText(row)}`;
  const size = row.type === 'file' ? `  ${bytesText(row.size ?? 0)}` : '';
  return `${row.change}  ${targetText(row)}${owner}${size}${flags}`;
}

/** The path, and where it leads; harmless. */
export function targetText({ path, type, linkTarget, device }: RootfsChange): string {
  if (linkTarget !== undefined) return harmless(`${path} ${type === 'link' ? '=' : '→'} ${linkTarget}`);
  return harmless(device === undefined ? path : `${path} (${device})`);
}

const LETTERS: Readonly<Record<string, string>> = {
  ...{ file: '-', folder: 'd', link: '-', symlink: 'l', fifo: 'p', device: 'c' },
};

/** As `ls -l` has it. */
export function modeText({ type, mode }: RootfsChange): string {
  if (mode === undefined) return '-';
  const letters = [8, 7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ((mode >> bit) & 1 ? ('xwr'[bit % 3] ?? '') : '-'));
  const special = (bit: number, at: number, letter: string) => {
    if ((mode & bit) !== 0) letters[at] = letters[at] === 'x' ? letter : letter.toUpperCase();
  };
  special(0o4000, 2, 's');
  special(0o2000, 5, 's');
  special(0o1000, 8, 't');
  return (LETTERS[type ?? ''] ?? '?') + letters.join('');
}

/** `0:0`. */
export function ownerText({ uid, gid }: RootfsChange): string {
  return uid === undefined ? '-' : `${uid}:${gid}`;
}
