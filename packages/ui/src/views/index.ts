/** The table of views, in the order of the navigation: a file a view, and its row here. */
import type { VNode } from 'preact';
import { Custody } from './custody.ts';
import { Diff } from './diff.ts';
import { Files } from './files.ts';
import { Findings } from './findings.ts';
import { Memory } from './memory.ts';
import { Network } from './network.ts';
import { LiveNode } from './node.ts';
import { Overview } from './overview.ts';
import { ProcessPage } from './process.ts';
import { Processes } from './processes.ts';
import { Timeline } from './timeline.ts';

/** What a view is given: the checkpoint, and the rest of the address. */
export interface ViewProps {
  readonly one: string;
  readonly rest: readonly string[];
}

export interface View {
  /** In the address. */
  readonly id: string;
  /** In the navigation; undefined for one that is reached from others. */
  readonly title?: string;
  /** Views that belong to this one in the navigation. */
  readonly within?: readonly string[];
  /** Of the running node, whichever checkpoint is looked at. */
  readonly isOfNode?: boolean;
  readonly show: (props: ViewProps) => VNode;
}

export const views: readonly View[] = [
  { id: 'overview', title: 'Overview', show: Overview },
  { id: 'findings', title: 'Findings', show: Findings },
  { id: 'processes', title: 'Processes', within: ['process'], show: Processes },
  { id: 'process', show: ProcessPage },
  { id: 'memory', title: 'Memory', show: Memory },
  { id: 'files', title: 'Files', show: Files },
  { id: 'network', title: 'Network', show: Network },
  { id: 'timeline', title: 'Timeline', show: Timeline },
  { id: 'diff', title: 'Compare', show: Diff },
  { id: 'custody', title: 'Custody', show: Custody },
  { id: 'node', title: 'Live node', isOfNode: true, show: LiveNode },
];
