/** What references lead to, as evidence artifacts of OCSF: processes, files, ends of connections. */
import type { RootfsChange } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import type { ProcessRow } from '../analysers/processes.ts';
import type { SocketRow } from '../analysers/sockets.ts';
import { commandOf } from '../command.ts';
import type { JudgedCheckpoint } from '../judged.ts';
import { type EvidenceReference, referenceText } from '../reference.ts';

/** References of one finding that become artifacts; the rest is counted. */
const MOST = 100;

/** Makes the artifacts of a finding's references: one a reference, with the reference by which it is found again. */
export function evidencesIn(judged: JudgedCheckpoint): (references: readonly EvidenceReference[]) => readonly object[] {
  const { processes, sockets, changes } = judged.analysis.tables;
  const rows: Rows = {
    process: new Map(processes.map((row) => [row.pid, row])),
    socket: new Map(sockets.map((row) => [row.fileId, row])),
    change: new Map(changes.map((row) => [row.path, row])),
    judged,
  };
  return (references) => {
    const more = references.length - MOST;
    const shown = references.slice(0, MOST).map((reference) => ({
      uid: referenceText(reference),
      data: { reference: referenceText(reference) },
      ...artifactOf(reference, rows),
    }));
    return more > 0 ? [...shown, { data: { referencesLeftOut: more } }] : shown;
  };
}

interface Rows {
  process: ReadonlyMap<number, ProcessRow>;
  socket: ReadonlyMap<number, SocketRow>;
  change: ReadonlyMap<string, RootfsChange>;
  judged: JudgedCheckpoint;
}

function artifactOf(reference: EvidenceReference, rows: Rows): object {
  if ('pid' in reference) {
    const row = rows.process.get(reference.pid);
    return row ? { process: processOf(row, rows.judged) } : {};
  }
  switch (reference.kind) {
    case 'socket': {
      const row = rows.socket.get(reference.fileId);
      return row ? connectionOf(row) : {};
    }
    case 'rootfs':
      return { file: changedFile(reference.path, rows.change.get(reference.path)) };
    case 'entry':
    case 'image':
      return { file: fileOf(reference.name) };
    case 'mount':
      return { file: { ...fileOf(reference.mountpoint), type_id: 2, type: 'Folder' } };
    default:
      return {};
  }
}

function processOf(row: ProcessRow, judged: JudgedCheckpoint): object {
  const { pid, ppid, name, executable, workingFolder, credentials } = row;
  const { container, image } = judged.metadata;
  const uid = container.id ?? container.name;
  return {
    ...{ pid, name: harmless(name ?? '?'), cmd_line: harmless(commandOf(row)) },
    ...(executable === undefined
      ? {}
      : { file: { ...fileOf(executable.path), ...(executable.deleted ? { is_deleted: true } : {}) } }),
    ...(workingFolder === undefined ? {} : { working_directory: harmless(workingFolder) }),
    ...(ppid > 0 ? { parent_process: { pid: ppid } } : {}),
    ...(credentials === undefined ? {} : { user: { uid: String(credentials.euid), type_id: 0 } }),
    ...(uid === undefined
      ? {}
      : {
          container: {
            ...{ uid: harmless(uid), name: harmless(container.name ?? uid) },
            ...(image.name === undefined
              ? {}
              : { image: { name: harmless(image.name), uid: harmless(image.ref ?? image.name) } }),
          },
        }),
  };
}

function connectionOf(row: SocketRow): object {
  if (row.family !== 'ipv4' && row.family !== 'ipv6') return {};
  const { local, remote, protocol } = row;
  const end = ({ address, port }: { address: string; port: number }) => ({
    ip: address,
    ...(port === 0 ? {} : { port }),
  });
  return {
    connection_info: {
      direction_id: 0,
      direction: 'Unknown',
      protocol_name: protocol,
      protocol_ver_id: row.family === 'ipv4' ? 4 : 6,
    },
    ...(local.address === '' ? {} : { src_endpoint: end(local) }),
    ...(remote.port === 0 ? {} : { dst_endpoint: end(remote) }),
  };
}

function changedFile(path: string, change: RootfsChange | undefined): object {
  const { size, modified, sha256 } = change ?? {};
  return {
    ...fileOf(path),
    ...(size === undefined ? {} : { size }),
    ...(modified === undefined ? {} : { modified_time: Math.trunc(modified * 1000) }),
    ...(sha256 === undefined ? {} : { hashes: [{ algorithm_id: 3, algorithm: 'SHA-256', value: sha256.slice(7) }] }),
    ...(change?.change === 'deleted' ? { is_deleted: true } : {}),
  };
}

/** `type_id` 0: of a path alone nobody knows what it is. */
function fileOf(path: string): object {
  const plain = harmless(path);
  return { name: plain.slice(plain.lastIndexOf('/') + 1) || plain, path: plain, type_id: 0, type: 'Unknown' };
}
