/** Copies of a checkpoint on a node: what is asked of them, and how they are started. */
import { randomUUID } from 'node:crypto';
import type { CriClient } from '@stillframe/cri/client';
import { demandNames } from '../commands/address.ts';
import { pairsOf, parseMount } from '../commands/run.ts';
import { demandFreeName, podNames, type StartedContainer, startPod } from '../pod.ts';
import type { RestoreSource } from '../restore-source.ts';
import { type CopyFacts, factsOfCopy, type WishOptions, wishesOf } from '../restore-wishes.ts';
import { cliError } from '../usage.ts';

/** The options, as the command line gives them. */
export interface CopyOptions extends WishOptions {
  copies: string;
  name?: string;
  namespace: string;
  mount: string[];
  annotation: string[];
  runtime?: string;
}

/** A container of a copy that runs. */
export interface RestoredCopy extends StartedContainer, CopyFacts {
  address: string;
}

interface CopyWork {
  options: CopyOptions;
  wanted: ReturnType<typeof checkedCopies>;
  /** Called with the containers of each copy as soon as it runs. */
  told: (started: RestoredCopy[]) => void;
  signal: AbortSignal;
}

/** What was asked for, checked before anything is opened. Throws ERR_USAGE_ARGUMENT. */
export function checkedCopies(options: CopyOptions) {
  const copies = Number(options.copies);
  if (!Number.isInteger(copies) || copies < 1 || copies > 100) {
    throw cliError('ERR_USAGE_ARGUMENT', `--copies takes 1 to 100, not ${JSON.stringify(options.copies)}`);
  }
  if (options.network !== 'none' && options.network !== 'host') {
    throw cliError('ERR_USAGE_ARGUMENT', `--network takes none or host, not ${JSON.stringify(options.network)}`);
  }
  demandNames({ kubeNamespace: options.namespace, pod: options.name ?? 'copy', container: 'copy' });
  const annotations = pairsOf('--annotation', options.annotation);
  return { copies, annotations, mounts: options.mount.map(parseMount), wishes: wishesOf(options, copies) };
}

/** Starts them one after another; each is told as soon as it runs. Answers a row a container. */
export async function restoreCopies(
  client: CriClient,
  source: RestoreSource,
  { options, wanted: { copies, annotations, mounts, wishes }, told, signal }: CopyWork,
): Promise<RestoredCopy[]> {
  const { namespace: kubeNamespace, name, network, runtime } = options;
  const taken = await podNames(client, kubeNamespace, signal);
  const base = name ?? `${source.pod}-copy`;
  const only = copies === 1 && name !== undefined;
  if (only) await demandFreeName(client, kubeNamespace, base, signal);
  const restored: RestoredCopy[] = [];
  for (let copy = 1; copy <= copies; copy += 1) {
    const pod = only ? base : freeName(base, taken);
    for (const { name: container } of source.containers) demandNames({ kubeNamespace, pod, container });
    const part = { mounts, command: [], env: [], annotations: { ...annotations, ...wishes.annotations } };
    const started = await startPod(client, {
      kubeNamespace,
      pod,
      uid: randomUUID(),
      containers: source.containers.map((container) => ({ ...container, ...part })),
      hostNetwork: network === 'host',
      noNetwork: network === 'none',
      podAnnotations: { ...annotations, ...wishes.podAnnotations(copy) },
      runtime,
      signal,
    });
    for (const [at, each] of started.entries()) {
      const facts = await factsOfCopy(client, each, signal);
      const address = `${kubeNamespace}/${pod}/${source.containers[at]?.name}`;
      restored.push({ address, ...each, ...facts });
    }
    told(restored.slice(-started.length));
  }
  return restored;
}

/** `<base>-<n>` with the first number that is free; takes it. */
function freeName(base: string, taken: Set<string>): string {
  let number = 1;
  while (taken.has(`${base}-${number}`)) number += 1;
  taken.add(`${base}-${number}`);
  return `${base}-${number}`;
}
