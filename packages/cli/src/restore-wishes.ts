/** What `stillframe restore` asks of a copy besides its running, as annotations, and what came of it. */
import { parse, resolve } from 'node:path';
import type { Diagnostic } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import type { StartedContainer } from './pod.ts';
import { cliError } from './usage.ts';

/** The options, as the command line gives them. */
export interface WishOptions {
  network: string;
  sandbox?: string;
  sinkhole?: boolean;
  pcap?: string;
  scrubTokens?: boolean;
  setEnv: readonly string[];
}

export interface Wishes {
  /** Whether only Stillframe's own node understands them. */
  own: boolean;
  /** Of the pod of the copy with this number, from 1 on. */
  podAnnotations(copy: number): Record<string, string>;
  /** Of the container. */
  annotations: Record<string, string>;
}

/** Throws ERR_USAGE_ARGUMENT for options that contradict each other. */
export function wishesOf(options: WishOptions, copies: number): Wishes {
  const { network, sandbox, sinkhole = false, pcap, scrubTokens = false, setEnv } = options;
  if (sandbox !== undefined && sandbox !== 'forensic') {
    throw cliError('ERR_USAGE_ARGUMENT', `--sandbox takes forensic, not ${JSON.stringify(sandbox)}`);
  }
  if (sandbox !== undefined && network === 'host') {
    throw cliError('ERR_USAGE_ARGUMENT', '--sandbox forensic has no way out; leave --network host away');
  }
  if (sinkhole && sandbox === undefined) throw cliError('ERR_USAGE_ARGUMENT', '--sinkhole needs --sandbox forensic');
  if (pcap !== undefined && !sinkhole) throw cliError('ERR_USAGE_ARGUMENT', '--pcap needs --sinkhole');
  const variables = Object.fromEntries(setEnv.map(variableOf));
  return {
    own: sandbox !== undefined || scrubTokens || setEnv.length > 0,
    podAnnotations: (copy) => ({
      ...(sandbox === undefined ? {} : { 'io.stillframe.sandbox': sandbox }),
      ...(sinkhole ? { 'io.stillframe.sandbox/sinkhole': 'true' } : {}),
      ...(pcap === undefined ? {} : { 'io.stillframe.sandbox/pcap': pcapOf(pcap, copy, copies) }),
    }),
    annotations: {
      ...(scrubTokens ? { 'io.stillframe.restore/scrub-tokens': 'true' } : {}),
      ...(setEnv.length > 0 ? { 'io.stillframe.restore/set-env': JSON.stringify(variables) } : {}),
    },
  };
}

function variableOf(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is not NAME=VALUE`);
}

/** One file a copy: the number goes before the suffix. */
function pcapOf(path: string, copy: number, copies: number): string {
  const { dir, name, ext } = parse(resolve(path));
  return copies === 1 ? resolve(path) : resolve(dir, `${name}-${copy}${ext}`);
}

/** Another runtime takes annotations that it does not know for decoration: the copy would run with a way out. */
export async function demandOwnRuntime(client: CriClient, signal: AbortSignal): Promise<void> {
  const { runtimeName } = await client.runtime.version({}, { signal });
  if (runtimeName === 'stillframe') return;
  const message = `${runtimeName} knows neither forensic sandboxes nor altered copies`;
  throw cliError('ERR_USAGE_ARGUMENT', message, { hint: 'restore on a node of Stillframe: leave --cri away' });
}

/** What a node of Stillframe tells of a copy; nothing of another runtime's. */
export interface CopyFacts {
  /** What was not restored as dumped since this host or sandbox does not allow it. */
  clamped?: string[];
  /** What was changed on request. */
  altered?: string[];
  /** File with the packets. */
  pcap?: string;
  /** What was wrong with the archive, as far as the runtime tells it. */
  diagnostics?: Diagnostic[];
}

/** Asks the runtime anew: what it says of itself is what holds. */
export async function factsOfCopy(
  client: CriClient,
  started: StartedContainer,
  signal: AbortSignal,
): Promise<CopyFacts> {
  const [container, sandbox] = await Promise.all([
    client.runtime.containerStatus({ containerId: started.containerID, verbose: true }, { signal }),
    client.runtime.podSandboxStatus({ podSandboxId: started.sandboxID, verbose: true }, { signal }),
  ]);
  const { clamped, altered, restoredFrom } = infoOf(container.info) as {
    clamped?: string[];
    altered?: string[];
    restoredFrom?: { diagnostics?: Diagnostic[] };
  };
  const { network } = infoOf(sandbox.info) as { network?: { pcap?: string } };
  return {
    ...(clamped?.length ? { clamped } : {}),
    ...(altered?.length ? { altered } : {}),
    ...(network?.pcap === undefined ? {} : { pcap: network.pcap }),
    ...(restoredFrom?.diagnostics?.length ? { diagnostics: restoredFrom.diagnostics } : {}),
  };
}

function infoOf(info: Readonly<Record<string, string>>): object {
  try {
    const value: unknown = JSON.parse(info['info'] ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // Another runtime writes there what it likes.
    return {};
  }
}

/** A copy for people: one line, and one below it for each thing that is not as in the original. */
export function linesOf(copy: { address: string; containerID: string; logPath: string } & CopyFacts): string {
  return [
    `${copy.address}  ${copy.containerID.slice(0, 13)}  log ${copy.logPath}`,
    ...(copy.pcap === undefined ? [] : [`  packets  ${copy.pcap}`]),
    ...(copy.altered ?? []).map((text) => `  ALTERED  ${text}`),
    ...(copy.clamped ?? []).map((text) => `  clamped  ${text}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
