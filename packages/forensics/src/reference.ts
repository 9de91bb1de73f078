/**
 * Where in a checkpoint something stands: what a finding points at, and what `stillframe show` opens. Its text is short enough to
 * be copied by hand, and the same in every export: `memory/7/0x7f0000001000+64`.
 */
import { forensicsError } from './errors.ts';

/** Discriminated by `kind`. Pids are those in the checkpoint; addresses and lengths are bytes; names are raw text. */
export type EvidenceReference =
  | { readonly kind: 'process'; readonly pid: number }
  | { readonly kind: 'memory'; readonly pid: number; readonly address: bigint; readonly bytes: number }
  | { readonly kind: 'mapping'; readonly pid: number; readonly start: bigint; readonly end: bigint }
  /** An open file, or what a process runs (`exe`) or stands in (`cwd`, `root`). */
  | { readonly kind: 'fd'; readonly pid: number; readonly fd: number | 'exe' | 'cwd' | 'root' }
  /** By CRIU's id of the open file. */
  | { readonly kind: 'socket'; readonly fileId: number }
  /** An image of the CRIU set, and which of its entries, counted from 0. */
  | { readonly kind: 'image'; readonly name: string; readonly entry?: number | undefined }
  /** An entry of the archive, whole or some bytes of it. */
  | {
      readonly kind: 'entry';
      readonly name: string;
      readonly offset?: number | undefined;
      readonly bytes?: number | undefined;
    }
  /** A path that the container had changed in its root filesystem. */
  | { readonly kind: 'rootfs'; readonly path: string }
  | { readonly kind: 'mount'; readonly mountpoint: string };

const NUMBER = '(\\d{1,10})';
const ADDRESS = '(0x[0-9a-f]{1,16})';

/** The text of a reference. Parts of names that are not plain are percent-encoded, so it is one harmless word. */
export function referenceText(reference: EvidenceReference): string {
  switch (reference.kind) {
    case 'process':
      return `process/${reference.pid}`;
    case 'memory':
      return `memory/${reference.pid}/0x${reference.address.toString(16)}+${reference.bytes}`;
    case 'mapping':
      return `mapping/${reference.pid}/0x${reference.start.toString(16)}-0x${reference.end.toString(16)}`;
    case 'fd':
      return `fd/${reference.pid}/${reference.fd}`;
    case 'socket':
      return `socket/${reference.fileId}`;
    case 'image':
      return `image/${encoded(reference.name)}${reference.entry === undefined ? '' : `#${reference.entry}`}`;
    case 'entry':
      return `entry/${encoded(reference.name)}${rangeText(reference)}`;
    case 'rootfs':
      return `rootfs${encoded(reference.path)}`;
    case 'mount':
      return `mount${encoded(reference.mountpoint)}`;
  }
}

function rangeText({ offset, bytes }: { offset?: number | undefined; bytes?: number | undefined }): string {
  return offset === undefined ? '' : `@${offset}+${bytes ?? 0}`;
}

/** Throws ERR_FORENSICS_REFERENCE for what is none. */
export function parseReference(text: string): EvidenceReference {
  for (const [expression, build] of FORMS) {
    const parts = new RegExp(`^${expression}$`).exec(text);
    if (parts) return build(parts.map((part) => part ?? ''));
  }
  throw forensicsError('ERR_FORENSICS_REFERENCE', `${JSON.stringify(text.slice(0, 200))} is no reference to evidence`);
}

type Build = (parts: readonly string[]) => EvidenceReference;

const FORMS: readonly (readonly [string, Build])[] = [
  [`process/${NUMBER}`, ([, pid]) => ({ kind: 'process', pid: Number(pid) })],
  [
    `memory/${NUMBER}/${ADDRESS}\\+${NUMBER}`,
    ([, pid, at = '0', bytes]) => ({ kind: 'memory', pid: Number(pid), address: BigInt(at), bytes: Number(bytes) }),
  ],
  [
    `mapping/${NUMBER}/${ADDRESS}-${ADDRESS}`,
    ([, pid, start = '0', end = '0']) => ({
      kind: 'mapping',
      pid: Number(pid),
      start: BigInt(start),
      end: BigInt(end),
    }),
  ],
  [`fd/${NUMBER}/${NUMBER}`, ([, pid, fd]) => ({ kind: 'fd', pid: Number(pid), fd: Number(fd) })],
  [
    `fd/${NUMBER}/(exe|cwd|root)`,
    ([, pid, fd]) => ({ kind: 'fd', pid: Number(pid), fd: fd as 'exe' | 'cwd' | 'root' }),
  ],
  [`socket/${NUMBER}`, ([, fileId]) => ({ kind: 'socket', fileId: Number(fileId) })],
  [
    `image/([^#/]+)(?:#${NUMBER})?`,
    ([, name = '', entry]) => ({ kind: 'image', name: decoded(name), entry: entry === '' ? undefined : Number(entry) }),
  ],
  [
    `entry/([^@]+)(?:@(\\d{1,16})\\+(\\d{1,16}))?`,
    ([, name = '', offset, bytes]) => ({
      kind: 'entry',
      name: decoded(name),
      ...(offset === '' ? {} : { offset: Number(offset), bytes: Number(bytes) }),
    }),
  ],
  ['rootfs(/.*)', ([, path = '']) => ({ kind: 'rootfs', path: decoded(path) })],
  ['mount(/.*)', ([, mountpoint = '']) => ({ kind: 'mount', mountpoint: decoded(mountpoint) })],
];

/** Slashes stay, `@` and `#` do not: they end a name. */
function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll('%2F', '/');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw forensicsError('ERR_FORENSICS_REFERENCE', `${JSON.stringify(text.slice(0, 200))} is badly encoded`, {
      cause,
    });
  }
}
