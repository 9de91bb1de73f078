/** Which rule must find which planted thing, and where its finding must point. */
import type { EvidenceReference } from '@stillframe/forensics';
import type { PlantedChange, Truth } from './truth.ts';

/** One planted thing. */
export interface Expectation {
  readonly thing: string;
  /** Id of the rule. */
  readonly rule: string;
  /** Whether a reference of the finding is the place. */
  at(reference: EvidenceReference): boolean;
}

type At = Expectation['at'];

const OF_CHANGE: Readonly<Record<PlantedChange['what'], string>> = {
  'second-root': 'account-second-root',
  cron: 'cron-changed',
  profile: 'shell-start-changed',
  'library-preload': 'loader-preload',
  'setuid-shell': 'privileged-file',
  'authorized-keys': 'ssh-key-added',
  'web-shell': 'web-shell',
  'truncated-log': 'log-cleared',
  'system-binary': 'system-file-changed',
};

/** Everything of the truth that there is a rule for. */
export function expectationsOf(truth: Truth): readonly Expectation[] {
  const { deletedExecutable, changes, patched } = truth;
  return [
    { thing: 'deleted executable', rule: 'process-executable-deleted', at: descriptor(deletedExecutable.pid, 'exe') },
    ...changes.map(({ what, path }) => ({ thing: what, rule: OF_CHANGE[what], at: changedFile(path) })),
    ...patched.map(({ pid, address, path }) => ({
      ...{ thing: `patched code of ${path}`, rule: 'code-patched', at: memory(pid, address) },
    })),
  ];
}

function descriptor(pid: number, fd: number | 'exe'): At {
  return (reference) => reference.kind === 'fd' && reference.pid === pid && reference.fd === fd;
}

function changedFile(path: string): At {
  return (reference) => reference.kind === 'rootfs' && reference.path === path;
}

/** Memory that holds the address, or a mapping that does. */
function memory(pid: number, address: string): At {
  const at = BigInt(address);
  return (reference) => {
    if (reference.kind === 'mapping') return reference.pid === pid && at >= reference.start && at < reference.end;
    if (reference.kind !== 'memory') return false;
    return reference.pid === pid && at >= reference.address && at < reference.address + BigInt(reference.bytes);
  };
}
