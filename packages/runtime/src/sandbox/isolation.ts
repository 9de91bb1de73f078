/**
 * How far a pod is shut off, as its annotations and namespaces say. What is not understood is refused: a typing error must
 * not open a way out.
 */
import { isAbsolute, normalize } from 'node:path';
import { runtimeError } from '../errors.ts';
import type { SandboxRecord } from '../store/records.ts';
import type { SandboxRequest } from './sandbox.ts';

/** Annotation of a pod: `none` leaves it with a loopback interface alone, `cni` says what holds without it. */
const NETWORK = 'io.stillframe.network';
/** Annotation of a pod: `forensic` makes a sandbox without a way out, for copies that nobody trusts. */
const SANDBOX = 'io.stillframe.sandbox';
/** `true`: names are answered, connections taken and all packets recorded. Of a forensic sandbox only. */
const SINKHOLE = `${SANDBOX}/sinkhole`;
/** Where the packets are recorded: an absolute path that is not taken yet. */
const PCAP = `${SANDBOX}/pcap`;
const KNOWN = new Set([NETWORK, SANDBOX, SINKHOLE, PCAP]);

export interface Isolation {
  network: 'host' | 'loopback' | 'sinkhole' | 'cni';
  forensic: boolean;
  /** Where the packets of a sinkhole go; a file of the pod's own, removed with it, where undefined. */
  pcap?: string;
}

type Asked = Pick<SandboxRequest, 'annotations' | 'hostNamespaces' | 'pidMode' | 'privileged' | 'portMappings'>;

/** Throws ERR_SANDBOX_INVALID for a word that is not known and for what contradicts itself. */
export function isolationOf(request: Asked): Isolation {
  const { annotations, hostNamespaces } = request;
  const unknown = Object.keys(annotations).find((name) => name.startsWith(`${SANDBOX}/`) && !KNOWN.has(name));
  if (unknown !== undefined) throw invalid(`there is no annotation ${JSON.stringify(unknown)}`);
  const network = oneOf(annotations, NETWORK, ['none', 'cni']);
  const forensic = oneOf(annotations, SANDBOX, ['forensic']) !== undefined;
  const sinkhole = oneOf(annotations, SINKHOLE, ['true', 'false']) === 'true';
  const pcap = annotations[PCAP];
  if (hostNamespaces.includes('net') && network !== undefined) {
    throw invalid(`the pod shares the host's network and says ${NETWORK}=${network}`);
  }
  if (forensic) demandShut(request, network);
  else if (annotations[SINKHOLE] !== undefined || pcap !== undefined) {
    throw invalid(`a sinkhole is a part of a pod with ${SANDBOX}=forensic`);
  }
  if (pcap !== undefined && !sinkhole) throw invalid(`${PCAP} records nothing without ${SINKHOLE}=true`);
  if (pcap !== undefined && (!isAbsolute(pcap) || normalize(pcap) !== pcap || pcap.endsWith('/'))) {
    throw invalid(`${PCAP} is not a plain absolute path`);
  }
  return { network: kindOf(request, network, sinkhole), forensic, ...(pcap === undefined ? {} : { pcap }) };
}

/** Whether the pod is a forensic sandbox. */
export function isForensic({ annotations }: Pick<SandboxRecord, 'annotations'>): boolean {
  // Any other word never became a record.
  return annotations[SANDBOX] !== undefined;
}

function kindOf({ annotations, hostNamespaces }: Asked, network: string | undefined, sinkhole: boolean) {
  if (hostNamespaces.includes('net')) return 'host';
  if (annotations[SANDBOX] !== undefined) return sinkhole ? 'sinkhole' : 'loopback';
  return network === 'none' ? 'loopback' : 'cni';
}

function demandShut(request: Asked, network: string | undefined): void {
  const { hostNamespaces, pidMode, privileged, portMappings = [] } = request;
  const open = [
    ...hostNamespaces.map((kind) => `the host's ${kind} namespace`),
    ...(pidMode === 'node' ? ["the host's processes"] : []),
    ...(privileged ? ['privileges'] : []),
    ...(portMappings.some(({ hostPort }) => hostPort !== 0) ? ['ports of the host'] : []),
    ...(network === 'cni' ? ['a CNI network'] : []),
  ];
  if (open.length > 0) throw invalid(`a forensic sandbox has no way out, and ${open.join(', ')} would be one`);
}

function oneOf<T extends string>(
  annotations: Readonly<Record<string, string>>,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const value = annotations[name];
  const known = allowed.find((each) => each === value);
  if (value === undefined || known !== undefined) return known;
  throw runtimeError('ERR_SANDBOX_INVALID', `annotation ${name} is ${JSON.stringify(value)}`, {
    hint: `it takes ${allowed.map((each) => `"${each}"`).join(' or ')}`,
  });
}

function invalid(message: string) {
  return runtimeError('ERR_SANDBOX_INVALID', message);
}
