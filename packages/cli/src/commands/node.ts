/** `stillframe node`: starts, shows and ends the embedded node. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { harmless } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { publicPemOf } from '@stillframe/evidence';
import { OWNER_ANNOTATION } from '@stillframe/kubelet/names';
import type { NodePaths } from '@stillframe/runtime/place';
import { type Command, Option } from 'commander';
import { renderJson } from '../display/json.ts';
import { exitCodes } from '../exit.ts';
import { type StartedNode, startInBackground, stopBackground } from '../node/background.ts';
import type { NodeConfig } from '../node/config.ts';
import { DEFAULT_CONFIG, readConfig } from '../node/config-file.ts';
import { connectCri } from '../node/connect.ts';
import { type NodeEndpoints, readEndpoints } from '../node/endpoints.ts';
import { strangeRoot } from '../node/folders.ts';
import type { KubeconfigRequest } from '../node/kubeconfig.ts';
import { jsonLogger } from '../node/logger.ts';
import { runningNode, servingNode } from '../node/running.ts';
import type { ServeOptions } from '../node/serve.ts';
import { openSigningKey, publicKeyPath } from '../node/signing-key.ts';
import { removePod } from '../pod.ts';
import { cliError } from '../usage.ts';
import { criOption, type NodePlace, outputOption, type RegisterCommand, withNodePlace } from './command.ts';

/** Milliseconds that a node which runs already may take until it serves. */
const STARTING = 30_000;

interface UpOptions extends NodePlace {
  config?: string;
  host: string;
  port: string;
  cgroupParent: string;
  podManifests?: string;
  cri?: string;
  foreground?: boolean;
  output: string;
}

export const node: RegisterCommand = (program, io, done) => {
  const group = program
    .command('node')
    .description('The embedded node: a CRI socket and a kubelet-compatible API on this machine');

  withNodePlace(group.command('up'))
    .description('Start it; containers of an earlier run are adopted')
    .option('--host <address>', 'address of the kubelet-compatible API', '127.0.0.1')
    .option('--port <number>', 'its port; 0 lets the system choose', '10250')
    .addOption(criOption('serve only the API, over the CRI socket of another runtime'))
    .option('--cgroup-parent <path>', 'cgroup of pods that name none', '/stillframe')
    .addOption(
      new Option('--pod-manifests <folder>', 'keep the pods of these manifests running (docs/pods.md)').argParser(
        (folder: string) => resolve(folder),
      ),
    )
    .addOption(
      new Option('--config <file>', `configuration, YAML; ${DEFAULT_CONFIG} where that is there`).env(
        'STILLFRAME_CONFIG',
      ),
    )
    .option('--foreground', 'stay in the foreground and log to stderr')
    .addOption(outputOption('table', 'json'))
    .action(async (given: UpOptions, command: Command) => {
      const config = await readConfig(given.config);
      const options = withConfig(given, config, command);
      const paths = { root: options.root, state: options.state };
      const port = portOf(options.port);
      const logger = jsonLogger(io, config.logLevel);
      const strange = await strangeRoot(paths);
      if (options.foreground) {
        if (strange !== undefined) logger.log('warn', strange);
        const { host, cgroupParent, cri } = options;
        const { podManifests = config.podManifests } = options;
        const full = podManifests === undefined ? config : { ...config, podManifests };
        const place = { paths, host, port, cgroupParent, config: full, env: io.env, logger };
        await using served = await serve(place, cri);
        logger.log('info', 'node serves', { ...served.endpoints });
        if (!io.signal.aborted)
          await new Promise((resolve) => io.signal.addEventListener('abort', resolve, { once: true }));
        return;
      }
      if (options.cri === undefined && process.getuid?.() !== 0) {
        throw cliError('ERR_NODE_START', 'the node needs root: it mounts, makes namespaces and runs CRIU', {
          hint: '`npx stillframe doctor` says what this host and this user can do',
        });
      }
      if (strange !== undefined) io.err(`warning: ${strange}\n`);
      const { endpoints, fresh } = await upInBackground(paths, upArguments(options));
      const ignored = ['host', 'port', 'cgroupParent', 'config', 'cri', 'podManifests'].some(
        (name) => command.getOptionValueSource(name) === 'cli',
      );
      if (!fresh && ignored) io.err('a node runs already; it keeps its own host, port and configuration\n');
      io.out(options.output === 'json' ? renderJson('Node', 1, { ...endpoints }) : nodeText(endpoints, fresh));
    });

  withNodePlace(group.command('status'))
    .description('Whether it runs, and where it is reached; exit code 1 when it does not run')
    .addOption(outputOption('table', 'json'))
    .action(async ({ output, ...paths }: NodePlace & { output: string }) => {
      const running = await runningNode(paths);
      const endpoints = running === undefined ? undefined : await readEndpoints(paths.state);
      if (!endpoints) {
        io.out(output === 'json' ? renderJson('Node', 1, { running: false }) : `no node runs in ${paths.state}\n`);
        return done(exitCodes.failed);
      }
      await using client = await connectCri(paths, io.signal);
      const { containers } = await client.runtime.listContainers({});
      const body = {
        running: true,
        version: client.version.runtimeVersion,
        containers: containers.length,
        ...endpoints,
        evidenceKey: await evidenceKeyOf(endpoints),
      };
      io.out(output === 'json' ? renderJson('Node', 1, body) : nodeText(endpoints, false) + keyText(body.evidenceKey));
    });

  withNodePlace(group.command('down'))
    .description('End it. Its containers go on running unless --pods is given')
    .option('--pods', 'stop and remove all pods first')
    .action(async ({ pods, ...paths }: NodePlace & { pods?: boolean }) => {
      if (pods) {
        const { foreign } = (await readEndpoints(paths.state)) ?? {};
        if (foreign !== undefined) {
          throw cliError('ERR_USAGE_ARGUMENT', `--pods: the pods are those of ${harmless(foreign)}, not of this node`);
        }
        await using client = await connectCri(paths, io.signal);
        await removeAllPods(client, paths);
      }
      io.out((await stopBackground(paths)) ? 'node ended\n' : `no node runs in ${paths.state}\n`);
    });

  withNodePlace(group.command('kubeconfig'))
    .description('Write a kubeconfig, mode 0600, for its API; without --user it is the administrator’s')
    .option('--user <name>', 'whom a certificate is made for')
    .option('--group <name...>', 'groups of that user')
    .option(
      '--days <number>',
      'days that the certificate of that user is good for, 365 by default: it cannot be taken back sooner',
    )
    .option('--server <url>', 'address of the API; where the node serves by default')
    .option('--file <path>', 'where to; in the node’s PKI folder by default, `-` prints it')
    .addHelpText('after', KUBECONFIG_HELP)
    .action(async ({ root, state, ...asked }: NodePlace & KubeconfigRequest) => {
      const { writeKubeconfig } = await import('../node/kubeconfig.ts');
      const { path, text } = await writeKubeconfig({ root, state }, asked);
      io.out(path === undefined ? text : `${path}\n`);
    });

  group
    .command('unit')
    .description('Print a systemd unit for it, to be written to /etc/systemd/system/stillframe.service')
    .action(async () => io.out(await unitText()));
};

const KUBECONFIG_HELP = `
It is a kubelet’s API, not an API server’s: kubectl speaks to it with --raw.

  kubectl --kubeconfig "$(stillframe node kubeconfig)" get --raw /pods
  kubectl --kubeconfig "$(stillframe node kubeconfig)" create --raw /checkpoint/default/web/app -f /dev/null`;

/** What only the node itself needs is loaded only there: the other commands start in a third of the time. */
async function serve(options: ServeOptions, cri: string | undefined) {
  if (cri === undefined) return (await import('../node/serve.ts')).serveNode(options);
  return (await import('../node/foreign.ts')).serveForeign({ ...options, cri });
}

/** Those of manifests would come back: the node ends them itself, each with its grace. */
async function removeAllPods(client: CriClient, paths: NodePaths): Promise<void> {
  const { retirePods } = await import('../node/pods.ts');
  await retirePods(paths);
  for (let quiet = 0; quiet < 2; ) {
    const { items } = await client.runtime.listPodSandbox({});
    const others = items.filter(({ annotations }) => annotations[OWNER_ANNOTATION] === undefined);
    await Promise.all(others.map(({ id }) => removePod(client, id)));
    quiet = items.length === 0 ? quiet + 1 : 0;
    // What was under way when the node was told may make one pod more.
    if (items.length > others.length || quiet === 1) await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** The node that runs with these folders, or a new one; one that is just starting is waited for. */
async function upInBackground(paths: NodePaths, argv: readonly string[]): Promise<StartedNode> {
  const running = await runningNode(paths);
  if (running === undefined) return startInBackground(paths, argv);
  const endpoints = await servingNode(paths, STARTING);
  if (endpoints) return { endpoints, fresh: false };
  throw cliError('ERR_NODE_START', `the node with pid ${running} does not serve yet`, {
    hint: 'look at its log, or end it with `stillframe node down`',
  });
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is no port`);
  return port;
}

function upArguments(options: UpOptions): string[] {
  const main = fileURLToPath(new URL('../../bin/stillframe.mjs', import.meta.url));
  const { root, state, host, port, cgroupParent, cri } = options;
  const place = ['--root', root, '--state', state, '--cgroup-parent', cgroupParent];
  const config = options.config === undefined ? [] : ['--config', resolve(options.config)];
  const foreign = cri === undefined ? [] : ['--cri', cri];
  const manifests = options.podManifests === undefined ? [] : ['--pod-manifests', options.podManifests];
  const api = ['--host', host, '--port', port];
  return [main, 'node', 'up', '--foreground', ...place, ...api, ...config, ...foreign, ...manifests];
}

/** Flags win over environment variables, those over the file, the file over defaults. */
function withConfig(options: UpOptions, config: NodeConfig, command: Command): UpOptions {
  const unsaid = (name: string) => command.getOptionValueSource(name) === 'default';
  const { root, state, host, cgroupParent } = config;
  const port = config.port === undefined ? undefined : String(config.port);
  const fromFile = Object.entries({ root, state, host, cgroupParent, port }).filter(
    ([name, value]) => value !== undefined && unsaid(name),
  );
  return { ...options, ...Object.fromEntries(fromFile) };
}

/** The systemd unit with this program's own path in it. */
async function unitText(): Promise<string> {
  const unit = await readFile(new URL('../../systemd/stillframe.service', import.meta.url), 'utf8');
  const program = fileURLToPath(new URL('../../bin/stillframe.mjs', import.meta.url));
  return unit.replaceAll('@PROGRAM@', `${process.execPath} ${program}`);
}

/** The key that captures are signed with now; undefined where it cannot be read, by its path or its rights. */
async function evidenceKeyOf({ signingKey }: NodeEndpoints) {
  if (signingKey === undefined) return undefined;
  try {
    const key = await openSigningKey(signingKey);
    return { id: key.id, file: publicKeyPath(signingKey), publicKey: publicPemOf(key) };
  } catch {
    return undefined;
  }
}

function keyText(key: Awaited<ReturnType<typeof evidenceKeyOf>>): string {
  return key ? `\nevidence is signed by ${key.id}, ${key.file}\n${key.publicKey}` : '\nevidence is not signed\n';
}

function nodeText(endpoints: NodeEndpoints, fresh: boolean): string {
  return `${fresh ? 'node started' : 'node runs'}, pid ${endpoints.pid}
CRI socket        ${endpoints.socket}${endpoints.foreign === undefined ? '' : ` of ${harmless(endpoints.foreign)}`}${endpoints.nri === undefined ? '' : `\nNRI socket        ${endpoints.nri}`}
checkpoint API    ${endpoints.kubelet}/checkpoint/{namespace}/{pod}/{container}
checkpoints       ${endpoints.checkpoints}

curl -sS -X POST "${endpoints.kubelet}/checkpoint/NAMESPACE/POD/CONTAINER" --cacert ${endpoints.ca} \\
     --cert ${endpoints.clientCertificate} \\
     --key ${endpoints.clientKey}
`;
}
