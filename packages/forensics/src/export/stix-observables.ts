/** Processes, files, addresses and connections as cyber-observable objects of STIX 2.1 (section 6), each once. */
import { hexOf } from '@stillframe/core';
import type { ProcessRow } from '../analysers/processes.ts';
import type { SocketRow } from '../analysers/sockets.ts';
import { commandOf } from '../command.ts';
import type { JudgedCheckpoint } from '../judged.ts';
import type { EvidenceReference } from '../reference.ts';
import { ownUuid, uuidOf } from './uuid.ts';

/** One object of a bundle. */
export interface StixObject {
  readonly type: string;
  readonly id: string;
  readonly [property: string]: unknown;
}

/** The namespace by which identifiers of observables follow from their content (section 2.9). */
const OBSERVABLES = '00abedb4-aa42-466c-9c01-fed23315a9b7';
/** Objects of a bundle that are made of rows: a forger has as many as he likes. */
const MOST = 10_000;

type Ends = Pick<Extract<SocketRow, { protocol: string; remote: unknown }>, 'protocol' | 'local' | 'remote'>;

/** Makes the observables of one checkpoint, and knows which of them a reference means. */
export class StixObservables {
  readonly #objects = new Map<string, StixObject>();
  readonly #judged: JudgedCheckpoint;
  readonly #processes: ReadonlyMap<number, ProcessRow>;
  readonly #sockets: ReadonlyMap<number, SocketRow>;
  readonly #socketsOf: ReadonlyMap<number, readonly SocketRow[]>;
  readonly #changes: ReadonlyMap<string, { readonly size?: number | undefined; readonly sha256?: string | undefined }>;
  /** The id of the archive as a file. */
  readonly archive: string;

  constructor(judged: JudgedCheckpoint) {
    const { processes, sockets, changes } = judged.analysis.tables;
    this.#judged = judged;
    this.#processes = new Map(processes.slice(0, MOST).map((row) => [row.pid, row]));
    this.#sockets = new Map(sockets.map((row) => [row.fileId, row]));
    const held = sockets.slice(0, MOST).flatMap((row) => row.holders.map(({ pid }) => ({ pid, row })));
    this.#socketsOf = new Map(
      [...Map.groupBy(held, ({ pid }) => pid)].map(([pid, all]) => [pid, all.map((one) => one.row)]),
    );
    this.#changes = new Map(changes.map((row) => [row.path, row]));
    this.archive = this.#archiveFile();
    for (const pid of this.#processes.keys()) this.process(pid);
  }

  /** All that were made, in the order of their making. */
  list(): readonly StixObject[] {
    return [...this.#objects.values()];
  }

  /** The ids of what a reference means: those of a process, a file, a connection; of the archive where it is none of them. */
  of(reference: EvidenceReference): string {
    switch (reference.kind) {
      case 'process':
      case 'memory':
      case 'mapping':
        return this.process(reference.pid) ?? this.archive;
      case 'fd': {
        const executable = this.#processes.get(reference.pid)?.executable;
        if (reference.fd === 'exe' && executable) return this.file(executable.path);
        return this.process(reference.pid) ?? this.archive;
      }
      case 'socket': {
        const row = this.#sockets.get(reference.fileId);
        return (row && this.connection(row)) ?? this.archive;
      }
      case 'rootfs':
        return this.file(reference.path);
      default:
        return this.archive;
    }
  }

  /** The remote address of a connection, in the words of a pattern; undefined where there is none. */
  remotePattern(reference: EvidenceReference): string | undefined {
    const row = reference.kind === 'socket' ? this.#sockets.get(reference.fileId) : undefined;
    const ends = row && endsOf(row);
    if (!ends || ends.remote.port === 0 || !isPublic(ends.remote.address)) return undefined;
    const { type, value } = addressOf(ends.remote.address);
    return `[network-traffic:dst_ref.type = '${type}' AND network-traffic:dst_ref.value = '${value}' AND network-traffic:dst_port = ${ends.remote.port}]`;
  }

  /** Undefined for a pid that the checkpoint has not. Nobody else can know such an id, so it follows from the archive. */
  process(pid: number): string | undefined {
    const row = this.#processes.get(pid);
    if (!row) return undefined;
    const id = `process--${ownUuid('process', this.#key(), String(pid))}`;
    if (this.#objects.has(id)) return id;
    // Its place is taken before its parent is looked for, who may be its child where a forger said so.
    this.#objects.set(id, { type: 'process', id });
    const connections = (this.#socketsOf.get(pid) ?? []).map((each) => this.connection(each));
    const opened = [...new Set(connections.filter((each) => each !== undefined))];
    const { executable, workingFolder, ppid } = row;
    this.#objects.set(id, {
      ...{ type: 'process', spec_version: '2.1', id, pid, command_line: commandOf(row).toWellFormed() },
      ...(workingFolder === undefined ? {} : { cwd: workingFolder.toWellFormed() }),
      ...(executable === undefined ? {} : { image_ref: this.file(executable.path) }),
      ...(this.#processes.has(ppid) && ppid !== pid ? { parent_ref: this.#idOf(ppid) } : {}),
      ...(opened.length === 0 ? {} : { opened_connection_refs: opened }),
    });
    return id;
  }

  #idOf(pid: number): string {
    return `process--${ownUuid('process', this.#key(), String(pid))}`;
  }

  file(path: string): string {
    const plain = path.toWellFormed();
    const slash = plain.lastIndexOf('/');
    const name = plain.slice(slash + 1) || '/';
    const parent = slash < 0 || plain === '/' ? undefined : this.#directory(plain.slice(0, slash) || '/');
    const { size, sha256 } = this.#changes.get(path) ?? {};
    const hashes = sha256 === undefined ? {} : { hashes: { 'SHA-256': sha256.slice('sha256:'.length) } };
    const known = { ...hashes, name, ...(parent === undefined ? {} : { parent_directory_ref: parent }) };
    return this.#put('file', known, size === undefined ? {} : { size });
  }

  /** Undefined for a socket that is none of IP, or bound to nothing. */
  connection(row: SocketRow): string | undefined {
    const ends = endsOf(row);
    if (!ends) return undefined;
    const { protocol, local, remote } = ends;
    const version = addressOf(local.address).type === 'ipv4-addr' ? 'ipv4' : 'ipv6';
    const source = local.address === '' ? {} : { src_ref: this.#address(local.address), src_port: local.port };
    const target = remote.port === 0 ? {} : { dst_ref: this.#address(remote.address), dst_port: remote.port };
    if (!('src_ref' in source) && !('dst_ref' in target)) return undefined;
    return this.#put('network-traffic', { ...source, ...target, protocols: [version, protocol.toLowerCase()] });
  }

  #address(address: string): string {
    const { type, value } = addressOf(address);
    return this.#put(type, { value });
  }

  #directory(path: string): string {
    return this.#put('directory', { path });
  }

  #archiveFile(): string {
    const { name, digest, size } = this.#judged.archive;
    const hashes = digest === undefined ? {} : { hashes: { 'SHA-256': hexOf(digest) } };
    return this.#put('file', { ...hashes, name: name.toWellFormed() }, size === undefined ? {} : { size });
  }

  /** `known`: what the identifier follows from. */
  #put(type: string, known: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): string {
    const id = `${type}--${uuidOf(OBSERVABLES, canonical(known))}`;
    if (!this.#objects.has(id)) this.#objects.set(id, { type, spec_version: '2.1', id, ...known, ...more });
    return id;
  }

  #key(): string {
    const { digest, name } = this.#judged.archive;
    return digest ?? name;
  }
}

function endsOf(row: SocketRow): Ends | undefined {
  if (row.family !== 'ipv4' && row.family !== 'ipv6') return undefined;
  return row.type === 'raw' ? { ...row, protocol: `raw-${row.protocol}` } : row;
}

/** An IPv4 address in the dress of IPv6 is one of IPv4. */
function addressOf(address: string): { type: 'ipv4-addr' | 'ipv6-addr'; value: string } {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return { type: plain.includes(':') ? 'ipv6-addr' : 'ipv4-addr', value: plain };
}

/** Whether an address means the same to others: none of private, local or special ones. */
function isPublic(address: string): boolean {
  const { type, value } = addressOf(address);
  if (type === 'ipv6-addr') return /^[23]/.test(value);
  const [a = 0, b = 0] = value.split('.').map(Number);
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  return !(
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  );
}

/** JSON by RFC 8785, as far as it is needed here: sorted names; texts, whole numbers, lists and objects of these. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
