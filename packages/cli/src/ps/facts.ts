/** Facts in one line each, and bits by their names. */
import { type BitNames, CAPABILITIES, signalName } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';

/** `name: value`, or nothing where there is no value. */
export function fact(name: string, value: string | number | bigint | undefined, style: Style): TreeNode[] {
  return value === undefined || value === '' ? [] : [{ label: `${style.dim(`${name}:`)} ${harmless(String(value))}` }];
}

/** Names of bits, unknown ones by number; undefined where none is set. */
export function bitsText({ names, unknown }: BitNames): string | undefined {
  const all = [...names, ...unknown.map((bit) => `bit ${bit}`)];
  return all.length === 0 ? undefined : all.join(', ');
}

/** All but the two that cannot be blocked. */
const SIGNALS = Array.from({ length: 64 }, (_, index) => signalName(index + 1)).filter(
  (name) => name !== 'SIGKILL' && name !== 'SIGSTOP',
);

/** Names with commas; where most are in the set, those that are not. `-` for none. */
export function signalsText(names: readonly string[]): string {
  if (names.length <= SIGNALS.length / 2) return names.join(',') || '-';
  const others = SIGNALS.filter((name) => !names.includes(name));
  return others.length === 0 ? 'all' : `all but ${others.join(',')}`;
}

/** Capabilities that a cell names. */
const NAMED = 3;

/**
 * In a cell: `none`, `all`, `all but` where few are missing; else how many, with names, those first that are no part of what
 * engines give to every container.
 */
export function capabilitiesText({ names, unknown }: BitNames): string {
  const count = names.length + unknown.length;
  if (count === 0) return 'none';
  const others = CAPABILITIES.filter((name) => !names.includes(name));
  const short = (some: readonly string[]) => some.map((name) => name.replace(/^CAP_/, '')).join(',');
  if (others.length === 0) return 'all';
  if (others.length <= NAMED) return `all but ${short(others)}`;
  const telling = [...unknown.map((bit) => `bit ${bit}`), ...names.filter((name) => !ORDINARY.has(name))];
  const ordered = [...telling, ...names.filter((name) => ORDINARY.has(name))];
  const rest = count > NAMED ? ` +${count - NAMED}` : '';
  return `${count}: ${short(ordered.slice(0, NAMED))}${rest}`;
}

/** What Docker, containerd or CRI-O give without being asked (moby profiles, containerd oci/spec.go, cri-o config). */
const ORDINARY: ReadonlySet<string> = new Set(
  [
    ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP'],
    ...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
  ].map((name) => `CAP_${name}`),
);
