/** A checkpoint that a kubelet makes: the archive lies on its machine, and what is known of it is its path. */
import { millisecondsText } from '@stillframe/core';
import { type KubeletClient, LEAST_TIMEOUT } from '@stillframe/kubelet/client';
import { addressText, parseAddress } from '../commands/address.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import type { Io } from '../io.ts';
import { type KubeletPlace, openKubelet } from '../node/kubelet-place.ts';
import { cliError } from '../usage.ts';

interface KubeletCheckpointOptions extends KubeletPlace {
  export?: string;
  rootfs?: string;
  output: string;
}

const NAMES = 20;

/** Throws ERR_USAGE_ARGUMENT for an option that a kubelet has no room for, and ERR_KUBELET_*. */
export async function checkpointByKubelet(
  text: string,
  timeout: number,
  options: KubeletCheckpointOptions & { kubelet: string },
  io: Io,
): Promise<void> {
  refuseForeign(options);
  const address = parseAddress(text);
  await using client: KubeletClient = await openKubelet(options, io);
  if (timeout < LEAST_TIMEOUT) {
    io.err(
      `warning: a kubelet of Kubernetes gives the runtime ${LEAST_TIMEOUT} s at least, whatever --timeout says; Stillframe’s own heeds it\n`,
    );
  }
  const from = performance.now();
  const archive = await client.checkpoint(address, { timeout, signal: io.signal });
  const took = Math.round(performance.now() - from);
  if (options.output === 'json') {
    const body = { archive, kubelet: options.kubelet, container: address, requestMilliseconds: took };
    io.out(renderJson('NodeCheckpoint', 1, body));
    return;
  }
  const rows = [
    ['archive', `${archive}, on the kubelet’s machine`],
    ['container', addressText(address)],
    ['request to answer', millisecondsText(took)],
    ['true pause', 'not told by a kubelet'],
    ['sha256', 'not told by a kubelet: hash the archive where it lies, before it is moved'],
  ];
  io.out(renderFacts(rows, NAMES));
}

function refuseForeign({ export: path, rootfs }: KubeletCheckpointOptions): void {
  const refused = [...(path === undefined ? [] : ['--export']), ...(rootfs === undefined ? [] : ['--rootfs'])];
  if (refused.length === 0) return;
  throw cliError('ERR_USAGE_ARGUMENT', `${refused.join(', ')}: a kubelet decides that by itself`, {
    hint: 'leave it out; the archive lies in the kubelet’s own folder, /var/lib/kubelet/checkpoints as a rule',
  });
}
