/** `stillframe run`: one container in a pod of its own, or the pods of a manifest. */
import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { harmless } from '@stillframe/core';
import { renderJson } from '../display/json.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { demandFreeName, startPod } from '../pod.ts';
import { cliError } from '../usage.ts';
import { ADDRESS_HELP, parseAddress } from './address.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';

interface RunOptions extends CriPlace {
  root: string;
  file?: string[];
  detach?: boolean;
  image?: string;
  env: string[];
  mount: string[];
  annotation: string[];
  label: string[];
  runtime?: string;
  output: string;
}

export const run: RegisterCommand = (program, io) => {
  withCri(program.command('run'))
    .description('Run one container in a pod of its own on the node, or the pods of a manifest')
    .argument('[address]', ADDRESS_HELP)
    .argument('[command...]', 'command instead of the image’s own; write -- before it')
    .option(
      '-f, --file <manifest...>',
      'pods of these files instead (docs/pods.md); the node keeps them running, with --cri nobody does',
    )
    .option('--detach', 'with --file: do not wait until they run; not with --cri')
    .option('--image <reference>', 'image, pulled where it is not on the node')
    .option('--env <name=value>', 'environment variable; may be repeated', collect, [])
    .option('--mount <source:path[:ro]>', 'bind mount of what is there; may be repeated', collect, [])
    .option('--annotation <key=value>', 'of container and pod (docs/compatibility.md); may be repeated', collect, [])
    .option('--label <key=value>', 'of container and pod; may be repeated', collect, [])
    .option('--runtime <handler>', 'runtime handler of the pod, such as crun; the node’s own choice by default')
    .addOption(outputOption('table', 'json'))
    .action(async (address: string | undefined, command: string[], options: RunOptions) => {
      if (options.file) {
        const other = (['image', 'runtime'] as const).find((name) => options[name] !== undefined);
        const listed = (['env', 'mount', 'annotation', 'label'] as const).find((name) => options[name].length > 0);
        if (address !== undefined || other || listed)
          throw cliError('ERR_USAGE_ARGUMENT', '--file takes neither an address nor what a manifest says itself');
        const { runManifests } = await import('../run-manifest.ts');
        const rows = await runManifests({ ...options, file: options.file }, io);
        if (options.output === 'json') io.out(renderJson('PodList', 1, { pods: rows }));
        else for (const row of rows) io.out(`${row.kubeNamespace}/${row.pod} ${harmless(row.status)}\n`);
        return;
      }
      const { image } = options;
      if (address === undefined || image === undefined)
        throw cliError('ERR_USAGE_ARGUMENT', 'run takes an address and --image, or --file');
      const place = parseAddress(address);
      const env = options.env.map(parseVariable);
      const mounts = options.mount.map(parseMount);
      const annotations = pairsOf('--annotation', options.annotation);
      const labels = pairsOf('--label', options.label);
      await demandSources(mounts);
      await using client = await connectCri(options, io.signal);
      await demandFreeName(client, place.kubeNamespace, place.pod, io.signal);
      const { kubeNamespace, pod, container: name } = place;
      const [started] = await startPod(client, {
        kubeNamespace,
        pod,
        uid: randomUUID(),
        containers: [{ name, image, pull: true, command, env, mounts, annotations }],
        podAnnotations: annotations,
        labels,
        runtime: options.runtime,
        signal: io.signal,
      });
      if (options.output === 'json') io.out(renderJson('Container', 1, { ...started }));
      else io.out(`${started?.containerID}\n`);
    });
};

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function parseVariable(text: string) {
  const equals = text.indexOf('=');
  if (equals <= 0) throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is not NAME=VALUE`);
  return { key: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** `KEY=VALUE` each; the last of one key counts. Throws ERR_USAGE_ARGUMENT. */
export function pairsOf(option: string, texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text): [string, string] => {
    const equals = text.indexOf('=');
    if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
    throw cliError('ERR_USAGE_ARGUMENT', `${option} takes KEY=VALUE, not ${JSON.stringify(text)}`);
  });
  return Object.fromEntries(pairs);
}

/** `SOURCE:PATH` or `SOURCE:PATH:ro`; a relative source is one of the working folder. Throws ERR_USAGE_ARGUMENT. */
export function parseMount(text: string) {
  const [source = '', containerPath = '', mode = 'rw', ...rest] = text.split(':');
  const sound = source !== '' && containerPath.startsWith('/') && rest.length === 0;
  if (!sound || (mode !== 'rw' && mode !== 'ro')) {
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is not SOURCE:/PATH or SOURCE:/PATH:ro`);
  }
  return { hostPath: resolve(source), containerPath, readonly: mode === 'ro' };
}

/**
 * Throws ERR_MOUNT_SOURCE for a source that is not there. A runtime makes an empty folder of it, as kubelet has it from
 * CRI-O and containerd; whoever types a path has mistyped it.
 */
export async function demandSources(mounts: readonly { hostPath: string }[]): Promise<void> {
  for (const { hostPath } of mounts) {
    if (await stat(hostPath).catch(() => undefined)) continue;
    throw cliError('ERR_MOUNT_SOURCE', `${hostPath}, which is to be mounted, does not exist`);
  }
}
