/** A checkpoint that a kubelet makes: the archive lies on its machine, and what is known of it is its path. */
import { harmless, millisecondsText } from '@stillframe/core';
import { evidencePath, type RecordedCapture } from '@stillframe/evidence';
import { type KubeletClient, LEAST_TIMEOUT } from '@stillframe/kubelet/client';
import type { ContainerAddress } from '@stillframe/kubelet/names';
import { addressText, parseAddress } from '../commands/address.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { askerNow, commandKey } from '../evidence/for-command.ts';
import { evidenceText, pauseText } from '../evidence/foreign-capture.ts';
import type { Io } from '../io.ts';
import { type KubeletPlace, openKubelet } from '../node/kubelet-place.ts';
import { cliError } from '../usage.ts';
import { refuseOfKubelet } from './for-kubelet.ts';
import { evidenceHere } from './kubelet-archive.ts';
import { notAtomic } from './pod.ts';
import { parsePodAddress } from './pod-address.ts';

interface KubeletCheckpointOptions extends KubeletPlace {
  export?: string;
  rootfs?: string;
  maxPause?: string;
  allContainers?: boolean;
  nonAtomic?: boolean;
  signKey?: string;
  output: string;
}

const NAMES = 20;

/**
 * One container, or with `allContainers` each of a pod. Throws ERR_USAGE_ARGUMENT for an option that a kubelet has no room for,
 * ERR_CHECKPOINT_NOT_ATOMIC and ERR_KUBELET_*. Archives of a pod that were made before one failed stay where they are: a
 * kubelet removes nothing.
 */
export async function checkpointByKubelet(
  text: string,
  timeout: number,
  options: KubeletCheckpointOptions & { kubelet: string },
  io: Io,
): Promise<void> {
  refuseForeign(options);
  const key = await commandKey(options.signKey, io);
  const named = options.allContainers ? parsePodAddress(text) : parseAddress(text);
  await using client: KubeletClient = await openKubelet(options, io);
  const addresses = 'container' in named ? [named] : await containersOf(client, named, options, io);
  if (timeout < LEAST_TIMEOUT) {
    io.err(
      `warning: a kubelet of Kubernetes gives the runtime ${LEAST_TIMEOUT} s at least, whatever --timeout says; Stillframe’s own heeds it\n`,
    );
  }
  const made: NodeCheckpoint[] = [];
  for (const container of addresses) {
    const from = performance.now();
    const [startedAt, asker] = [new Date(), askerNow(io)];
    const archive = await client.checkpoint(container, { timeout, signal: io.signal });
    const took = performance.now() - from;
    const asked = { archive, kubelet: options.kubelet, container };
    const facts = await evidenceHere({ ...asked, startedAt, took, asker }, key, io);
    const { digest, truePause, pauseAtMost } = facts ?? {};
    const one = {
      ...asked,
      requestMilliseconds: Math.round(took),
      evidence: facts && evidencePath(archive),
      ...{ digest, truePauseMicroseconds: truePause, pauseAtMostMicroseconds: pauseAtMost },
    };
    made.push(one);
    // Each as soon as it is there: its path is told nowhere else.
    if (options.output !== 'json') io.out(textOf(one, facts));
  }
  if (options.output !== 'json') return;
  const [only] = made;
  if (!options.allContainers && only) io.out(renderJson('NodeCheckpoint', 1, { ...only }));
  else io.out(renderJson('NodePodCheckpoint', 1, { atomic: false, archives: made }));
}

interface NodeCheckpoint {
  archive: string;
  kubelet: string;
  container: ContainerAddress;
  requestMilliseconds: number;
}

function textOf(
  { archive, container, requestMilliseconds }: NodeCheckpoint,
  facts: RecordedCapture | undefined,
): string {
  const place = facts ? archive : `${archive}, on the kubelet’s machine`;
  const elsewhere = 'not told by a kubelet: hash the archive where it lies, before it is moved';
  const rows = [
    ['archive', harmless(place)],
    ['container', harmless(addressText(container))],
    ['request to answer', millisecondsText(requestMilliseconds)],
    ['true pause', facts ? pauseText(facts) : 'not told by a kubelet'],
    ['sha256', facts?.digest.replace('sha256:', '') ?? elsewhere],
    ...(facts ? [['evidence', evidenceText(archive, facts)]] : []),
  ];
  return renderFacts(rows, NAMES);
}

/** The running containers of a pod. */
async function containersOf(
  client: KubeletClient,
  { kubeNamespace, pod }: { kubeNamespace: string; pod: string },
  { nonAtomic }: KubeletCheckpointOptions,
  { signal }: Io,
): Promise<ContainerAddress[]> {
  const found = (await client.pods({ signal })).find(
    (each) => each.name === pod && each.kubeNamespace === kubeNamespace,
  );
  const running = found?.containers.filter(({ state }) => state === 'running') ?? [];
  if (running.length === 0) {
    throw cliError('ERR_CONTAINER_NOT_FOUND', `the kubelet has no running container of ${kubeNamespace}/${pod}`, {
      hint: '`stillframe pods --kubelet …` lists what runs there',
    });
  }
  if (!nonAtomic) throw notAtomic('a kubelet', running.length);
  return running.map(({ name: container }) => ({ kubeNamespace, pod, container }));
}

function refuseForeign({ export: path, rootfs, maxPause }: KubeletCheckpointOptions): void {
  const hint = 'leave it out; the archive lies in the kubelet’s own folder, /var/lib/kubelet/checkpoints as a rule';
  refuseOfKubelet({ '--export': path, '--rootfs': rootfs, '--max-pause': maxPause }, hint);
}
