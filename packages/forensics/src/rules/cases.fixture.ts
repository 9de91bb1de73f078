/** For tests of rules: what a rule must say, and what it must not, side by side; and rows with the ordinary filled in. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FileRow } from '../analysers/files.ts';
import type { Tables } from '../analysers/index.ts';
import type { MappingRow } from '../analysers/mappings.ts';
import type { MemoryRow } from '../analysers/memory.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import type { SocketRow } from '../analysers/sockets.ts';
import type { Severity } from '../finding.ts';
import type { Rule } from './rule.ts';
import { judged, processRow } from './tables.fixture.ts';

/** What is said of some rows: how bad each finding is, in order, and words of the first. */
export interface Suspicious {
  readonly rows: Partial<Tables>;
  readonly severity: Severity | readonly Severity[];
  readonly says?: RegExp;
}

/** Makes a test of each case. A rule without cases of either kind is no rule. */
export function ruleCases(
  rule: Rule,
  suspicious: Readonly<Record<string, Suspicious>>,
  harmless: Readonly<Record<string, Partial<Tables>>>,
): void {
  const count = { suspicious: Object.keys(suspicious).length, harmless: Object.keys(harmless).length };
  describe(rule.id, () => {
    test('has a case that is suspicious and one that is not', () => {
      assert.ok(count.suspicious > 0 && count.harmless > 0);
    });
    for (const [name, { rows, severity, says }] of Object.entries(suspicious)) {
      test(`finds ${name}`, () => {
        const found = judged(rule, rows);
        const severities = found.map((each) => each.severity ?? rule.severity);
        assert.deepEqual(severities, typeof severity === 'string' ? [severity] : severity);
        if (says) assert.match(found[0]?.summary ?? '', says);
      });
    }
    for (const [name, rows] of Object.entries(harmless)) {
      test(`says nothing above info of ${name}`, () => {
        const found = judged(rule, rows).filter((each) => (each.severity ?? rule.severity) !== 'info');
        assert.deepEqual(found, []);
      });
    }
  });
}

/** A process by its command line; it runs the file of its first argument, or `path`. */
export function running(args: readonly string[], given: Partial<ProcessRow> & { path?: string } = {}): ProcessRow {
  const { path, ...more } = given;
  const [first = ''] = args;
  const file = path ?? (first.startsWith('/') ? first : `/usr/bin/${first.replace(/^-/, '')}`);
  const name = file.slice(file.lastIndexOf('/') + 1).slice(0, 15);
  const executable = { path: file, deleted: false, memfd: false, filesystem: 'overlay' };
  return processRow({ arguments: args, name, executable, threads: [{ tid: more.pid ?? 1, name }], ...more });
}

/** A busybox applet. */
export function applet(args: readonly string[], given: Partial<ProcessRow> = {}): ProcessRow {
  return running(args, { name: (args[0] ?? '').replace(/^-/, ''), path: '/bin/busybox', ...given });
}

/** An open file. */
export function fileRow(pid: number, fd: FileRow['fd'], fileId: number, target: FileRow['target']): FileRow {
  return { pid, fd, fileId, closeOnExec: false, target, flags: 2, position: undefined, owner: undefined };
}

/** The end of a pipe: standard input reads, all others write. */
export function pipeRow(pid: number, fd: number, pipeId: number): FileRow {
  return fileRow(pid, fd, 1000 + pipeId, { type: 'pipe', pipeId, flags: fd === 0 ? 0 : 1 });
}

interface Connection {
  readonly state?: string;
  readonly local?: number;
  readonly remote?: string;
  readonly port?: number;
  readonly place?: 'outside' | 'none';
}

/** A TCP socket, and the fds that it is held by. */
export function connected(
  fileId: number,
  holders: readonly (readonly [pid: number, fd: number])[],
  given: Connection = {},
) {
  const { state = 'established', local = 40000, remote = '203.0.113.7', port = 4443, place = 'outside' } = given;
  const ends = { local: { address: '10.0.0.2', port: local }, remote: { address: remote, port } };
  const target = { type: 'inet-socket', family: 'ipv4', protocol: 'tcp', ...ends, state, inode: fileId } as const;
  const files = holders.map(([pid, fd]) => fileRow(pid, fd, fileId, target));
  const socket = {
    family: 'ipv4',
    protocol: 'tcp',
    type: 'stream',
    fileId,
    state,
    ...ends,
    peer: { place },
    holders: files,
  };
  return { files, sockets: [socket as unknown as SocketRow] };
}

/** A mapping of ordinary code. */
export function mappingRow(given: Partial<MappingRow> = {}): MappingRow {
  const size = { start: 0x7f0000000000n, end: 0x7f0000002000n, offset: 0n, captured: 0x1000n, zero: 0n, absent: {} };
  const plain = { pid: 1, prot: 5, shared: false, backing: '/usr/lib/libc.so.6', deleted: false };
  return { ...size, ...plain, anonymousCode: false, head: undefined, ...given };
}

/** Executable memory without a file that begins with these bytes. */
export function anonymousCode(hex: string, given: Partial<MappingRow> = {}): MappingRow {
  return mappingRow({ backing: 'anonymous', anonymousCode: true, head: Buffer.from(hex, 'hex'), ...given });
}

export function memoryRow(pattern: string, given: Partial<MemoryRow> = {}): MemoryRow {
  return { pattern, pid: 1, address: 0x1000n, bytes: 32, vma: undefined, text: new Uint8Array(), ...given };
}

/** Credentials by user and by the masks of the effective and of the bounding set. */
export function acting(
  given: { uid?: number; euid?: number; suid?: number; effective?: bigint; bounding?: bigint; names?: string[] } = {},
) {
  const { uid = 0, euid = uid, suid = euid, effective = 0xa80425fbn, bounding = effective, names = [] } = given;
  const set = (mask: bigint) => ({ mask, names, unknown: [] });
  const none = set(0n);
  return {
    ...{ uid, gid: 0, euid, egid: 0, suid, sgid: 0, fsuid: euid, fsgid: 0, groups: [], secureBits: none },
    capabilities: {
      ...{
        inheritable: none,
        permitted: set(effective),
        effective: set(effective),
        bounding: { ...set(bounding), names: [] },
      },
      ambient: none,
    },
    noNewPrivileges: false,
    security: { profile: undefined, socketCreate: undefined, apparmorBytes: undefined },
  };
}

/** A container of a specification with these variables and namespaces. */
export function container(
  env: readonly string[],
  namespaces: readonly string[] = ['pid', 'mount'],
): Tables['container'] {
  const spec = { process: { env, args: [] }, namespaces: namespaces.map((type) => ({ type, path: undefined })) };
  return { metadata: { engine: undefined }, spec } as unknown as Tables['container'];
}

/** A file that was written while the container ran. */
export function changedFile(path: string): Tables['changes'][number] {
  return { path, change: 'written', type: 'file', flags: [] } as unknown as Tables['changes'][number];
}
