/** Registers of a thread, a few in a line. */
import type { Registers } from '@stillframe/checkpoint';
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';

/** Registers in a line. */
const IN_LINE = 4;

/** The registers and what other state was captured. */
export function registerNodes({ machine, general, parts, tls, clearTid }: Registers, style: Style): TreeNode[] {
  const widest = Math.max(0, ...general.map(([name]) => name.length));
  const cells = general.map(([name, value]) => {
    const digits = machine === 'x86' || machine === 'arm' ? 8 : 16;
    return `${name.padStart(widest)} ${value.toString(16).padStart(digits, '0')}`;
  });
  const lines: TreeNode[] = [];
  for (let at = 0; at < cells.length; at += IN_LINE) lines.push({ label: cells.slice(at, at + IN_LINE).join('  ') });
  const more = [
    parts.length > 0 && `also captured: ${parts.join(', ')}`,
    tls !== undefined && `thread-local storage at 0x${tls.toString(16)}`,
    clearTid && `cleared at its end: 0x${clearTid.toString(16)}`,
  ].filter((text) => typeof text === 'string');
  return [
    { label: `${style.dim('Registers:')} ${machine}`, children: [...lines, ...more.map((label) => ({ label }))] },
  ];
}
