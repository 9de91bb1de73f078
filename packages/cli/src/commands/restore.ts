/** `stillframe restore`: running copies of a checkpoint, from an archive or an image. */
import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { archiveLayer, findCheckpointImage, openCheckpoint } from '@stillframe/checkpoint';
import { hexOf } from '@stillframe/core';
import { isDnsLabel } from '@stillframe/kubelet';
import { Layout } from '@stillframe/oci';
import { renderJson } from '../display/json.ts';
import type { Io } from '../io.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { isPathLike } from '../open-evidence.ts';
import { openLocation } from '../open-location.ts';
import { demandFreeName, podNames, startPod } from '../pod.ts';
import { demandOwnRuntime, factsOfCopy, linesOf, wishesOf } from '../restore-wishes.ts';
import { cliError } from '../usage.ts';
import { demandNames } from './address.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';
import { collect, parseMount } from './run.ts';

interface RestoreOptions extends CriPlace {
  copies: string;
  name?: string;
  namespace: string;
  network: string;
  mount: string[];
  sandbox?: string;
  sinkhole?: boolean;
  pcap?: string;
  scrubTokens?: boolean;
  setEnv: string[];
  output: string;
}

export const restore: RegisterCommand = (program, io) => {
  withCri(program.command('restore'))
    .description('Restore copies of a checkpoint, each in a pod of its own; the original is not touched')
    .argument('<checkpoint>', 'archive file, oci:LAYOUT[:TAG], or reference of a checkpoint image')
    .option('--copies <number>', 'how many', '1')
    .option('--name <pod>', 'pod name; copies get -1, -2 … behind it')
    .option('--namespace <namespace>', 'Kubernetes namespace of the new pods', 'default')
    .option('--network <mode>', 'none: only a loopback interface; host: the host’s network', 'none')
    .option('--mount <source:path[:ro]>', 'bind mount that the checkpoint expects; may be repeated', collect, [])
    .option('--sandbox <kind>', 'forensic: no way out, limited memory, CPU and processes, mounts read-only')
    .option('--sinkhole', 'with --sandbox: answer every name, take every connection, record every packet')
    .option('--pcap <file>', 'with --sinkhole: where the packets go; copies get -1, -2 … in the name')
    .option('--scrub-tokens', 'overwrite service-account tokens in the copy’s memory, environment and files')
    .option('--set-env <name=value>', 'another value in the copy’s memory, no longer than the old one', collect, [])
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: RestoreOptions) => {
      const copies = Number(options.copies);
      if (!Number.isInteger(copies) || copies < 1 || copies > 100) {
        throw cliError('ERR_USAGE_ARGUMENT', `--copies takes 1 to 100, not ${JSON.stringify(options.copies)}`);
      }
      if (options.network !== 'none' && options.network !== 'host') {
        throw cliError('ERR_USAGE_ARGUMENT', `--network takes none or host, not ${JSON.stringify(options.network)}`);
      }
      const wishes = wishesOf(options, copies);
      await using client = await connectCri(options, io.signal);
      if (wishes.own) await demandOwnRuntime(client, io.signal);
      const source = await describe(what, io);
      const taken = await podNames(client, options.namespace, io.signal);
      const base = options.name ?? `${source.pod}-copy`;
      if (copies === 1 && options.name) await demandFreeName(client, options.namespace, base, io.signal);
      const started = [];
      for (let copy = 1; copy <= copies; copy += 1) {
        const pod = copies === 1 && options.name ? base : freeName(base, taken);
        demandNames({ kubeNamespace: options.namespace, pod, container: source.container });
        const one = await startPod(client, {
          kubeNamespace: options.namespace,
          pod,
          container: source.container,
          uid: randomUUID(),
          image: source.image,
          pull: source.pull,
          command: [],
          env: [],
          mounts: options.mount.map(parseMount),
          hostNetwork: options.network === 'host',
          noNetwork: options.network === 'none',
          podAnnotations: wishes.podAnnotations(copy),
          annotations: wishes.annotations,
          signal: io.signal,
        });
        const facts = await factsOfCopy(client, one, io.signal);
        const restored = { address: `${options.namespace}/${pod}/${source.container}`, ...one, ...facts };
        started.push(restored);
        if (options.output !== 'json') io.out(linesOf(restored));
      }
      if (options.output === 'json') io.out(renderJson('RestoredList', 1, { restored: started }));
    });
};

const HELP = `
A copy that was changed (--scrub-tokens, --set-env) is marked: its status, and every later checkpoint of it, say so. The
archive itself is never changed. docs/sandbox.md says what a forensic sandbox is, and what it is not.

  stillframe restore ARCHIVE --sandbox forensic --sinkhole --pcap traffic.pcap --scrub-tokens --copies 2`;

/** What is restored: the image as the runtime is to be asked for it, and names for the copies. */
interface Source {
  image: string;
  pull: boolean;
  pod: string;
  container: string;
}

/** `<base>-<n>` with the first number that is free; takes it. */
function freeName(base: string, taken: Set<string>): string {
  let number = 1;
  while (taken.has(`${base}-${number}`)) number += 1;
  taken.add(`${base}-${number}`);
  return `${base}-${number}`;
}

async function describe(what: string, io: Io): Promise<Source> {
  if (isPathLike(what) || (await stat(what).catch(() => undefined))) return describeArchive(resolve(what));
  await using place = await openLocation(what, io);
  const image = await findCheckpointImage(place.store, place.tag, { signal: io.signal });
  if (!image) {
    throw cliError(
      'ERR_NOT_A_CHECKPOINT',
      `${what} is an ordinary image, not a checkpoint; nothing can be restored from it`,
    );
  }
  const names = { pod: dnsName(image.facts.podName), container: dnsName(image.facts.containerName) };
  if (!(place.store instanceof Layout)) return { image: what, pull: true, ...names };
  // A layout's blob is a file, which the runtime reads as it reads any archive.
  const archive = join(place.store.path, 'blobs', 'sha256', hexOf(archiveLayer(image).digest));
  return { image: archive, pull: false, ...names };
}

async function describeArchive(path: string): Promise<Source> {
  await using checkpoint = await openCheckpoint(path);
  const { container } = checkpoint.metadata;
  return { image: path, pull: false, pod: dnsName(container.podName), container: dnsName(container.name) };
}

/** A name of the evidence where it is one that Kubernetes would take. */
function dnsName(name: string | undefined): string {
  return name && isDnsLabel(name) ? name : 'restored';
}
