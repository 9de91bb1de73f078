/** Processes, files and connections of a checkpoint as traces of CASE: observable objects of UCO 1.4 with their facets. */
import { hexOf } from '@stillframe/core';
import type { ProcessRow } from '../analysers/processes.ts';
import type { SocketRow } from '../analysers/sockets.ts';
import { commandOf } from '../command.ts';
import type { JudgedCheckpoint } from '../judged.ts';
import type { EvidenceReference } from '../reference.ts';
import { ownUuid } from './uuid.ts';

/** A node of a JSON-LD graph. */
export interface GraphNode {
  readonly '@id': string;
  readonly '@type': string | readonly string[];
  readonly [property: string]: unknown;
}

/** Another node, by its id. */
export const link = (id: string) => ({ '@id': id });

/** Rows that become traces; a forger has as many as he likes. */
const MOST = 10_000;

/** Makes traces, each once, and knows which of them a reference means. */
export class CaseTraces {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #key: string;
  readonly #processes: ReadonlyMap<number, ProcessRow>;
  readonly #sockets: ReadonlyMap<number, SocketRow>;
  /** The id of the archive. */
  readonly archive: string;

  constructor(judged: JudgedCheckpoint) {
    const { archive, analysis } = judged;
    this.#key = archive.digest ?? archive.name;
    this.#processes = new Map(analysis.tables.processes.slice(0, MOST).map((row) => [row.pid, row]));
    this.#sockets = new Map(analysis.tables.sockets.slice(0, MOST).map((row) => [row.fileId, row]));
    this.archive = this.#archive(judged);
    for (const pid of this.#processes.keys()) this.#process(pid);
    for (const row of this.#sockets.values()) this.#connection(row);
  }

  /** All that were made, in the order of their making. */
  list(): readonly GraphNode[] {
    return [...this.#nodes.values()];
  }

  /** The ids of all traces, without those of what describes them. */
  ids(): readonly string[] {
    return this.list()
      .map((node) => node['@id'])
      .filter((id) => !/^kb:(?:hash|facet)-/.test(id));
  }

  /** The id of what a reference means; the archive's where it is no trace of its own. */
  of(reference: EvidenceReference): string {
    switch (reference.kind) {
      case 'process':
      case 'memory':
      case 'mapping':
        return this.#process(reference.pid) ?? this.archive;
      case 'fd': {
        const executable = this.#processes.get(reference.pid)?.executable;
        if (reference.fd === 'exe' && executable) return this.#file(executable.path);
        return this.#process(reference.pid) ?? this.archive;
      }
      case 'socket': {
        const row = this.#sockets.get(reference.fileId);
        return (row && this.#connection(row)) ?? this.archive;
      }
      case 'rootfs':
        return this.#file(reference.path);
      default:
        return this.archive;
    }
  }

  #process(pid: number): string | undefined {
    const row = this.#processes.get(pid);
    if (!row) return undefined;
    const id = this.#id('process', String(pid));
    if (this.#nodes.has(id)) return id;
    const { name, ppid, executable, workingFolder, state } = row;
    const facet = this.#facet('ProcessFacet', id, {
      'uco-observable:pid': pid,
      'uco-observable:arguments': commandOf(row).toWellFormed(),
      'uco-observable:status': state,
      ...(workingFolder === undefined
        ? {}
        : { 'uco-observable:currentWorkingDirectory': workingFolder.toWellFormed() }),
      ...(executable === undefined ? {} : { 'uco-observable:binary': link(this.#file(executable.path)) }),
      ...(this.#processes.has(ppid) ? { 'uco-observable:parent': link(this.#id('process', String(ppid))) } : {}),
    });
    return this.#put(id, 'uco-observable:Process', { 'uco-core:name': (name ?? '?').toWellFormed(), ...facet });
  }

  #file(path: string): string {
    const plain = path.toWellFormed();
    const id = this.#id('file', plain);
    if (this.#nodes.has(id)) return id;
    const facet = this.#facet('FileFacet', id, {
      'uco-observable:fileName': plain.slice(plain.lastIndexOf('/') + 1) || plain,
      'uco-observable:filePath': plain,
    });
    return this.#put(id, 'uco-observable:File', facet);
  }

  /** Undefined for a socket that is none of IP. */
  #connection(row: SocketRow): string | undefined {
    if (row.family !== 'ipv4' && row.family !== 'ipv6') return undefined;
    const id = this.#id('connection', String(row.fileId));
    if (this.#nodes.has(id)) return id;
    const { local, remote } = row;
    const facet = this.#facet('NetworkConnectionFacet', id, {
      ...(local.address === ''
        ? {}
        : { 'uco-observable:src': link(this.#address(local.address)), 'uco-observable:sourcePort': local.port }),
      ...(remote.port === 0
        ? {}
        : { 'uco-observable:dst': link(this.#address(remote.address)), 'uco-observable:destinationPort': remote.port }),
    });
    return this.#put(id, 'uco-observable:NetworkConnection', { 'uco-core:description': row.protocol, ...facet });
  }

  #address(address: string): string {
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    const kind = plain.includes(':') ? 'IPv6Address' : 'IPv4Address';
    const id = this.#id('address', plain);
    if (this.#nodes.has(id)) return id;
    const facet = this.#facet(`${kind}Facet`, id, { 'uco-observable:addressValue': plain });
    return this.#put(id, `uco-observable:${kind}`, facet);
  }

  #archive({ archive }: JudgedCheckpoint): string {
    const id = this.#id('archive');
    const { digest, size } = archive;
    const hash = this.#id('hash');
    if (digest !== undefined) {
      this.#put(hash, 'uco-types:Hash', {
        'uco-types:hashMethod': 'SHA256',
        'uco-types:hashValue': { '@type': 'xsd:hexBinary', '@value': hexOf(digest) },
      });
    }
    const content = this.#facet('ContentDataFacet', id, {
      ...(digest === undefined ? {} : { 'uco-observable:hash': [link(hash)] }),
      ...(size === undefined ? {} : { 'uco-observable:sizeInBytes': size }),
    });
    const file = this.#facet('FileFacet', id, { 'uco-observable:fileName': archive.name.toWellFormed() });
    const facets = [...content['uco-core:hasFacet'], ...file['uco-core:hasFacet']];
    return this.#put(id, 'uco-observable:ArchiveFile', { 'uco-core:hasFacet': facets });
  }

  #facet(
    type: string,
    of: string,
    body: Readonly<Record<string, unknown>>,
  ): { 'uco-core:hasFacet': readonly object[] } {
    const id = this.#id('facet', of, type);
    this.#put(id, `uco-observable:${type}`, body);
    return { 'uco-core:hasFacet': [link(id)] };
  }

  #put(id: string, type: string, body: Readonly<Record<string, unknown>>): string {
    this.#nodes.set(id, { '@id': id, '@type': type, ...body });
    return id;
  }

  #id(kind: string, ...parts: readonly string[]): string {
    return `kb:${kind}-${ownUuid('case', kind, this.#key, ...parts)}`;
  }
}
