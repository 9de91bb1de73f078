/** Which rule must find which planted thing, and where its finding must point. */
import type { EvidenceReference } from '@stillframe/forensics';
import type { Read } from './demands.ts';
import type { PlantedChange, Truth } from './truth.ts';

/** One planted thing. */
export interface Expectation {
  readonly thing: string;
  /** Id of the rule. */
  readonly rule: string;
  /** Whether these references of a finding lead there. */
  at(references: readonly EvidenceReference[]): boolean;
}

type At = Expectation['at'];

const WRITE = 2;
const HIDDEN_PROGRAM = 'process-executable-hidden-or-temporary';

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

/** Everything of the truth but credentials, of which a rule looks for private keys alone. */
export function expectationsOf({ open }: Pick<Read, 'open'>, truth: Truth): readonly Expectation[] {
  const { reverseShell, memfd, deletedExecutable, kernelThread, preload, listener, sniffer, miner, obfuscated } = truth;
  const shellSocket = open.at(reverseShell.pid, 0)?.fileId;
  return [
    { thing: 'reverse shell', rule: 'shell-on-socket', at: both(descriptor(reverseShell.pid, 0), socket(shellSocket)) },
    { thing: 'memfd', rule: 'process-executable-memfd', at: descriptor(memfd.pid, 'exe') },
    { thing: 'false name', rule: 'process-name-differs', at: process(memfd.pid) },
    { thing: 'deleted executable', rule: 'process-executable-deleted', at: descriptor(deletedExecutable.pid, 'exe') },
    { thing: 'kernel thread', rule: 'process-kernel-thread-name', at: process(kernelThread.pid) },
    { thing: 'hidden executable', rule: HIDDEN_PROGRAM, at: descriptor(kernelThread.pid, 'exe') },
    { thing: 'hidden miner', rule: HIDDEN_PROGRAM, at: descriptor(miner.pid, 'exe') },
    { thing: 'preloaded library', rule: 'library-preloaded', at: process(preload.pid) },
    { thing: 'its place', rule: 'library-from-odd-place', at: mapping(preload.pid) },
    { thing: 'back door', rule: 'listener-unexpected', at: descriptor(listener.pid, listener.fd) },
    { thing: 'packet socket', rule: 'packet-socket', at: descriptor(sniffer.pid, sniffer.packetFd) },
    { thing: 'raw socket', rule: 'raw-socket', at: descriptor(sniffer.pid, sniffer.rawFd) },
    { thing: 'miner', rule: 'miner', at: both(process(miner.pid), page(miner.pid, miner.address)) },
    { thing: 'obfuscated command', rule: 'command-line-obfuscated', at: process(obfuscated.pid) },
    ...truth.deletedFiles.map(({ pid, fd, path }) => ({
      thing: path,
      rule: 'deleted-file-held',
      at: descriptor(pid, fd),
    })),
    ...truth.changes.map(({ what, path }) => ({ thing: what, rule: OF_CHANGE[what], at: changedFile(path) })),
    ...truth.injected.map(({ pid, address, prot }) => ({
      thing: `injected code at ${address}`,
      rule: (prot & WRITE) === 0 ? 'memory-executable-anonymous' : 'memory-writable-executable',
      at: memory(pid, address),
    })),
    ...truth.patched.map(({ pid, address, path }) => ({
      ...{ thing: `patched code of ${path}`, rule: 'code-patched', at: memory(pid, address) },
    })),
    ...truth.credentials.memory
      .filter(({ kind }) => kind === 'private-key')
      .map(({ pid, address }) => ({ thing: 'private key', rule: 'memory-private-key', at: memory(pid, address) })),
  ];
}

function process(pid: number): At {
  return some((reference) => reference.kind === 'process' && reference.pid === pid);
}

function descriptor(pid: number, fd: number | 'exe'): At {
  return some((reference) => reference.kind === 'fd' && reference.pid === pid && reference.fd === fd);
}

function socket(fileId: number | undefined): At {
  return some((reference) => reference.kind === 'socket' && reference.fileId === fileId);
}

function changedFile(path: string): At {
  return some((reference) => reference.kind === 'rootfs' && reference.path === path);
}

function mapping(pid: number): At {
  return some((reference) => reference.kind === 'mapping' && reference.pid === pid);
}

/** Memory that holds the address, or a mapping that does. */
function memory(pid: number, address: string): At {
  const at = BigInt(address);
  return some((reference) => {
    if (reference.kind === 'mapping') return reference.pid === pid && at >= reference.start && at < reference.end;
    if (reference.kind !== 'memory') return false;
    return reference.pid === pid && at >= reference.address && at < reference.address + BigInt(reference.bytes);
  });
}

/** Memory that begins in the page of the address: a match within a text that begins there. */
function page(pid: number, address: string): At {
  const number = BigInt(address) >> 12n;
  return some(
    (reference) => reference.kind === 'memory' && reference.pid === pid && reference.address >> 12n === number,
  );
}

function some(is: (reference: EvidenceReference) => boolean): At {
  return (references) => references.some(is);
}

function both(one: At, other: At): At {
  return (references) => one(references) && other(references);
}
