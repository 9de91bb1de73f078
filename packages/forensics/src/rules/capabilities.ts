/** What processes may do to the machine. One finding for all that may do the same. */
import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import type { Severity } from '../finding.ts';
import { countedText, references } from '../program/counted.ts';
import { processText } from '../program/program.ts';
import { rootProcess } from '../program/rows.ts';
import type { Rule } from './rule.ts';

/** What each makes possible, of those that reach beyond the container. */
const DANGEROUS: Readonly<Record<string, Severity>> = {
  ...{ CAP_SYS_ADMIN: 'medium', CAP_SYS_MODULE: 'medium', CAP_SYS_RAWIO: 'medium', CAP_SYS_PTRACE: 'medium' },
  ...{ CAP_DAC_READ_SEARCH: 'medium', CAP_BPF: 'medium', CAP_SYS_BOOT: 'medium', CAP_MAC_ADMIN: 'medium' },
  ...{ CAP_MAC_OVERRIDE: 'medium', CAP_PERFMON: 'low', CAP_NET_ADMIN: 'low', CAP_SYSLOG: 'low' },
  ...{ CAP_SYS_TIME: 'low', CAP_LINUX_IMMUTABLE: 'low', CAP_CHECKPOINT_RESTORE: 'low', CAP_SYS_RESOURCE: 'low' },
};
/** CAP_CHOWN (0) to CAP_AUDIT_READ (37): what a kernel of any age has. */
const ALL = (1n << 38n) - 1n;

/** Whether the container has a user namespace of its own; undefined where nothing tells. */
function hasUserNamespace({ container: { spec } }: Tables): boolean | undefined {
  return spec && spec.namespaces.length > 0 ? spec.namespaces.some(({ type }) => type === 'user') : undefined;
}

type Known = ProcessRow & { readonly credentials: NonNullable<ProcessRow['credentials']> };

/** Processes that are alive, with their credentials. */
export function withCredentials({ processes }: Tables): readonly Known[] {
  return processes.filter((row): row is Known => row.credentials !== undefined && row.state !== 'dead');
}

export const capabilitiesDangerous: Rule = {
  id: 'capabilities-dangerous',
  title: 'container may do to the machine what only its owner should',
  severity: 'medium',
  techniques: ['T1611'],
  why: 'With such capabilities in effect a process can leave its container: mount, load modules, trace, read every file, load programs into the kernel.',
  benign:
    'Containers that are there to do so: network plugins, storage drivers, agents of the node, systemd. In a user namespace they reach the container’s own things alone (`info`).',
  *judge(tables) {
    const isApart = hasUserNamespace(tables) === true;
    const bySet = Map.groupBy(withCredentials(tables), ({ credentials }) => credentials.capabilities.effective.mask);
    for (const rows of bySet.values()) {
      const effective = rows[0]?.credentials.capabilities.effective;
      const dangerous = effective?.names.filter((name) => Object.hasOwn(DANGEROUS, name)) ?? [];
      if (effective === undefined || dangerous.length === 0) continue;
      const isAll = (effective.mask & ALL) === ALL;
      const isMedium = dangerous.some((name) => DANGEROUS[name] === 'medium');
      const verb = rows.length === 1 ? 'has' : 'have';
      yield {
        summary: `${countedText(rows)} ${verb} ${isAll ? 'every capability: the container is privileged' : `${dangerous.join(', ')} in effect`}`,
        references: references(rows),
        severity: isApart ? 'info' : isMedium ? undefined : 'low',
        details: { capabilities: dangerous, all: isAll, processes: rows.length, userNamespace: isApart },
      };
    }
  },
};

export const capabilitiesGained: Rule = {
  id: 'capabilities-gained',
  title: 'process may do more than the container it is in',
  severity: 'high',
  techniques: ['T1611', 'T1548'],
  why: 'A process cannot gain what its first process’s bounding set does not have. One that has more was put into the container from outside with more rights, or broke the kernel’s rules.',
  benign:
    'Somebody with access to the node went in with the rights of root there (nsenter); a first process that dropped its own bounding set after it had started others.',
  *judge(tables) {
    const root = rootProcess(tables);
    const bounding = root?.credentials?.capabilities.bounding.mask;
    if (root === undefined || bounding === undefined) return;
    const more = withCredentials(tables).filter(
      ({ pid, credentials }) => pid !== root.pid && (credentials.capabilities.effective.mask & ~bounding) !== 0n,
    );
    for (const rows of Map.groupBy(more, ({ credentials }) => credentials.capabilities.effective.mask).values()) {
      const names = rows[0]?.credentials.capabilities.effective.names ?? [];
      const bounded = new Set(root.credentials?.capabilities.bounding.names);
      const gained = names.filter((name) => !bounded.has(name));
      yield {
        summary: `${countedText(rows)} ${rows.length === 1 ? 'has' : 'have'} ${gained.join(', ') || 'capabilities'}, which ${processText(root)} cannot have`,
        references: references(rows),
        details: { gained },
      };
    }
  },
};

export const rootOfHost: Rule = {
  id: 'root-without-user-namespace',
  title: 'root of the container is root of the machine',
  severity: 'info',
  techniques: ['T1611'],
  why: 'Without a user namespace user 0 inside is user 0 outside: whoever gets out of the container owns the machine.',
  benign: 'Most containers are so.',
  *judge(tables) {
    const rows = withCredentials(tables).filter(({ credentials }) => credentials.euid === 0);
    if (hasUserNamespace(tables) !== false || rows.length === 0) return;
    yield {
      summary: `${countedText(rows)} ${rows.length === 1 ? 'is' : 'are'} root, and the container has no user namespace of its own`,
      references: references(rows),
      details: { processes: rows.length },
    };
  },
};
