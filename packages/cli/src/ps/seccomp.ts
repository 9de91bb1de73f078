/** Seccomp filters of a process: what they answer, and their programs. */
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';
import { bitsText } from './facts.ts';
import type { FilterView, SeccompView, TaskView } from './model.ts';
import { factsOf } from './tables.ts';

/** Nothing where the main thread is not known. */
export function seccompNodes(view: TaskView, style: Style): TreeNode[] {
  const main = factsOf(view);
  if (!main) return [];
  const chains = view.detail?.seccomp ?? [];
  const mode = { label: `${style.dim('Mode:')} ${main.seccomp.mode}` };
  return [mode, ...chains.flatMap((chain) => chainNodes(chain, view.threads.length, style))];
}

function chainNodes({ tids, filters, verdicts }: SeccompView, threads: number, style: Style): TreeNode[] {
  const whose = tids.length === threads ? '' : ` of ${tids.length === 1 ? 'thread' : 'threads'} ${tids.join(', ')}`;
  const answers: TreeNode[] = (verdicts?.actions ?? []).map(({ action, calls }) => ({
    label: `${style.dim(`${action}:`)} ${calls.length === 1 ? '1 call' : `${calls.length} calls`}`,
    // Where only a few calls are refused, those are what matters.
    children: action === 'ALLOW' && verdicts?.otherwise === 'ALLOW' ? [] : wrapped(calls).map((label) => ({ label })),
  }));
  const conditional = (verdicts?.conditional ?? []).map(({ call, actions }) => ({
    label: `${call}: ${actions.join(' or ')}`,
  }));
  const summary: TreeNode[] = verdicts
    ? [
        ...answers,
        ...(conditional.length === 0 ? [] : [{ label: style.dim('By arguments'), children: conditional }]),
        { label: `${style.dim('Any other number:')} ${verdicts.otherwise}` },
      ]
    : [];
  const where = verdicts ? ` to the calls of ${verdicts.arch}` : '';
  return [
    ...(summary.length === 0 ? [] : [{ label: style.dim(`Answers${whose}${where}`), children: summary }]),
    ...filters.map((filter) => filterNode(filter, style)),
  ];
}

function filterNode({ index, sha256, flags, instructions, program }: FilterView, style: Style): TreeNode {
  const details = [`${instructions} instructions`, bitsText(flags), `sha256 ${sha256.slice(0, 16)}…`].filter(Boolean);
  const width = program.reduce((widest, { text }) => Math.max(widest, text.length), 0);
  return {
    label: `${style.dim(`Filter ${index}:`)} ${details.join(', ')}`,
    children: program.map(({ index: at, text, comment }) => ({
      label: `${String(at).padStart(4)}  ${comment ? `${text.padEnd(width)}  ${style.dim(`; ${comment}`)}` : text}`,
    })),
  };
}

/** Names in lines of about 100 characters. */
function wrapped(names: readonly string[]): string[] {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length < 100) lines[lines.length - 1] = `${last} ${name}`;
    else lines.push(name);
  }
  return lines;
}
