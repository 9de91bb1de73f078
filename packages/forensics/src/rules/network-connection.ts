/** Where the container is connected to. */
import type { Severity } from '../finding.ts';
import { isInternal, plainAddress } from '../signs/addresses.ts';
import { inetSockets, outgoing, socketReferences } from '../signs/connections.ts';
import { programsOf } from '../signs/programs.ts';
import type { Rule } from './rule.ts';

/** Port, what takes it, how bad that is on the Internet. */
const PORTS = new Map<number, readonly [string, Severity]>([
  ...[4444, 1337, 31337, 6666, 12345, 54321, 4443].map((port) => [port, ['tools of intruders', 'medium']] as const),
  ...[3333, 14444, 45700, 3032, 13333, 14433].map((port) => [port, ['pools of miners', 'medium']] as const),
  ...[5555, 7777, 8333].map((port) => [port, ['pools of miners, among others', 'low']] as const),
  ...[9050, 9150].map((port) => [port, ['Tor', 'medium']] as const),
  ...[9001, 9030].map((port) => [port, ['relays of Tor, among others', 'low']] as const),
  ...[6660, 6667, 6668, 6669, 6697].map((port) => [port, ['IRC, by which botnets are led', 'medium']] as const),
]);

export const connectionSuspicious: Rule = {
  id: 'connection-suspicious',
  title: 'a connection to a port that intruders use',
  severity: 'medium',
  techniques: ['T1571', 'T1095'],
  why: 'Reverse shells, miners’ pools, Tor and IRC have ports that services seldom take.',
  benign: 'Services of one’s own on such a port: Selenium (4444), MinIO’s console (9001), chat bots.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const socket of outgoing(tables)) {
      const known = PORTS.get(socket.remote.port);
      if (known === undefined) continue;
      const [what, severity] = known;
      const [holder] = socket.holders;
      const odd = holder && (programs.isByHand(holder.pid) || programs.oddity(holder.pid) !== undefined);
      const { address, port } = socket.remote;
      yield {
        summary: `${holder ? programs.label(holder.pid) : 'a process'} is connected to ${plainAddress(address)} port ${port}, which is that of ${what}`,
        references: socketReferences(socket),
        severity: odd ? 'high' : isInternal(address) ? 'low' : severity,
        details: { address, port, state: socket.state },
      };
    }
  },
};

/** Addresses at which clouds tell a machine who it is, and give it credentials. */
const METADATA =
  /^(?:169\.254\.169\.254|169\.254\.170\.2|169\.254\.170\.23|100\.100\.100\.200|168\.63\.129\.16|192\.0\.0\.192|fd00:ec2::254|fd00:ec2::23|fd20:ce::254)$/;
/** Those of containers, which are meant to be asked. */
const OF_CONTAINERS = /^(?:169\.254\.170\.2|169\.254\.170\.23|fd00:ec2::23)$/;
const DNS = 53;

export const connectionMetadata: Rule = {
  id: 'connection-metadata',
  title: 'a connection to the metadata of the cloud',
  severity: 'low',
  techniques: ['T1552.005'],
  why: 'Whoever reaches the metadata address gets the credentials of the machine that the container runs on.',
  benign: 'The cloud’s own libraries ask it for credentials, unless the cluster gives pods their own.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const socket of outgoing(tables)) {
      const address = plainAddress(socket.remote.address);
      if (!METADATA.test(address) || socket.remote.port === DNS) continue;
      const [holder] = socket.holders;
      const hand = holder !== undefined && (programs.isByHand(holder.pid) || programs.oddity(holder.pid) !== undefined);
      yield {
        summary: `${holder ? programs.label(holder.pid) : 'a process'} is connected to ${address}, where the cloud gives credentials`,
        references: socketReferences(socket),
        severity: hand ? 'high' : OF_CONTAINERS.test(address) ? 'info' : undefined,
        details: { address, port: socket.remote.port },
      };
    }
  },
};

/** Remotes of one process that are asked at once, and ports that those who scan look for. */
const MANY = 20;
const VERY_MANY = 200;
const SOUGHT = new Set([
  21, 22, 23, 25, 135, 139, 445, 1433, 2375, 2376, 2379, 3306, 3389, 5432, 5900, 6379, 8088, 9200, 10250, 11211, 27017,
]);

export const connectionScan: Rule = {
  id: 'connection-scan',
  title: 'a process knocks at many doors',
  severity: 'medium',
  techniques: ['T1046'],
  why: 'Very many connections that are being made at once, each to another machine, look for what can be taken next.',
  benign: 'Crawlers, monitoring (blackbox exporters), peers of distributed systems whose network has failed.',
  *judge(tables) {
    const programs = programsOf(tables);
    const groups = new Map<string, { pid: number; port: number; fileIds: number[]; addresses: Set<string> }>();
    for (const socket of inetSockets(tables)) {
      const { pid } = socket.holders[0] ?? {};
      if (
        pid === undefined ||
        (socket.state !== 'syn-sent' && !(socket.state === 'established' && SOUGHT.has(socket.remote.port)))
      )
        continue;
      if (socket.remote.port === 0 || socket.peer.place === 'here') continue;
      const key = `${pid} ${socket.remote.port}`;
      const group = groups.get(key) ?? { pid, port: socket.remote.port, fileIds: [], addresses: new Set<string>() };
      groups.set(key, group);
      group.addresses.add(socket.remote.address);
      if (group.fileIds.length < 20) group.fileIds.push(socket.fileId);
    }
    for (const { pid, port, fileIds, addresses } of groups.values()) {
      if (addresses.size < MANY) continue;
      yield {
        summary: `${programs.label(pid)} connects to port ${port} of ${addresses.size} machines at once`,
        references: [{ kind: 'process', pid }, ...fileIds.map((fileId) => ({ kind: 'socket', fileId }) as const)],
        severity:
          programs.oddity(pid) !== undefined ||
          programs.isByHand(pid) ||
          (SOUGHT.has(port) && addresses.size >= VERY_MANY)
            ? 'high'
            : undefined,
        details: { port, machines: addresses.size, some: [...addresses].slice(0, 20) },
      };
    }
  },
};

const TOKEN = /\/serviceaccount\/(?:\.\.[^/]+\/)?token$/;
const HOST = 'KUBERNETES_SERVICE_HOST=';
const PORT = 'KUBERNETES_SERVICE_PORT=';

export const serviceAccountUsed: Rule = {
  id: 'service-account-used',
  title: 'the pod’s credentials are in use',
  severity: 'info',
  techniques: ['T1552.007', 'T1528', 'T1613'],
  why: 'With the token of its service account a pod asks the cluster for what that account may have; an intruder asks first what that is.',
  benign: 'Controllers, operators and agents speak with the API of the cluster all day.',
  *judge(tables) {
    const programs = programsOf(tables);
    const servers = new Set<string>();
    for (const { environment } of tables.processes) {
      const value = (name: string) => environment?.find((each) => each.startsWith(name))?.slice(name.length);
      const host = value(HOST);
      if (host !== undefined) servers.add(`${host} ${value(PORT) ?? 443}`);
    }
    const byHand = (pid: number | undefined) =>
      pid !== undefined && (programs.isByHand(pid) || programs.oddity(pid) !== undefined);
    for (const socket of outgoing(tables)) {
      if (!servers.has(`${plainAddress(socket.remote.address)} ${socket.remote.port}`)) continue;
      const pid = socket.holders[0]?.pid;
      yield {
        summary: `${pid === undefined ? 'a process' : programs.label(pid)} is connected to the API of the cluster`,
        references: socketReferences(socket),
        severity: byHand(pid) ? 'high' : undefined,
        details: { address: socket.remote.address, port: socket.remote.port },
      };
    }
    for (const { pid, fd, target } of tables.files) {
      if (target.type !== 'file' || !TOKEN.test(target.path)) continue;
      yield {
        summary: `${programs.label(pid)} has the token of the service account open`,
        references: [{ kind: 'fd', pid, fd }],
        severity: byHand(pid) ? 'high' : 'low',
        details: { path: target.path },
      };
    }
  },
};
