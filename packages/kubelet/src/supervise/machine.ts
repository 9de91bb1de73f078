/** The machine that pods are kept on. */
import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces, totalmem } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@stillframe/core';
import { Backoff } from './backoff.ts';
import { parseResolvConf } from './dns.ts';
import type { Keeping } from './keeping.ts';
import type { SupervisorOptions } from './supervisor.ts';

/** What all pods have in common here. `changed`: something is to be looked at. */
export function keepingOf(options: SupervisorOptions, changed: () => void): Keeping {
  return {
    cri: options.criClient,
    logger: options.logger ?? silentLogger,
    nodeName: options.nodeName ?? hostname(),
    hostIP: addressOfHost(),
    owner: options.podsFolder,
    logsFolder: options.logsFolder ?? '/var/log/pods',
    seccompFolder: join(options.podsFolder, 'seccomp'),
    cgroupParent: options.cgroupParent ?? '',
    memory: totalmem(),
    hostDns: async () => parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => '')),
    backoff: new Backoff(),
    now: Date.now,
    changed,
  };
}

/** The machine's first address that others can reach. */
function addressOfHost(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}
