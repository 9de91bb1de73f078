/** `stillframe restore`: running copies of a checkpoint, from an archive or an image. */
import { harmless } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import type { Command } from 'commander';
import { distinct, tellDiagnostics } from '../diagnostics.ts';
import { renderJson } from '../display/json.ts';
import { evidenceCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { type DecryptionOptions, type IdentityOptions, withDecryptionKey, withIdentity } from '../key-options.ts';
import { type ContextPlace, withContext } from '../node/cluster-place.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { type CopyOptions, checkedCopies, restoreCopies } from '../restore/copies.ts';
import { describeSource } from '../restore-source.ts';
import { demandOwnRuntime, linesOf } from '../restore-wishes.ts';
import { type PolicyOptions, withPolicy } from '../signature-policy.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';
import { collect } from './run.ts';

interface RestoreOptions
  extends CriPlace,
    ContextPlace,
    DecryptionOptions,
    IdentityOptions,
    PolicyOptions,
    RegistryFlags,
    CopyOptions {
  toCluster?: boolean;
  dryRun?: boolean;
  like?: string;
  container?: string;
  output: string;
}

/** Exit code 4 where the copies run, and something of the archive could not be read. */
export const restore: RegisterCommand = (program, io, done) => {
  const described = withPolicy(withIdentity(withDecryptionKey(withCri(program.command('restore')))))
    .description(
      'Restore copies of a checkpoint, each in a pod of its own, those of one pod together; the original is not touched',
    )
    .argument(
      '<checkpoint>',
      'archive file, FILE.age, folder of a pod’s checkpoint, oci:LAYOUT[:TAG], or reference of a checkpoint image',
    )
    .option('--copies <number>', 'how many', '1')
    .option('--container <name>', 'of a checkpoint of a whole pod: only this container')
    .option('--name <pod>', 'pod name; copies get -1, -2 … behind it')
    .option('--namespace <namespace>', 'Kubernetes namespace of the new pods', 'default')
    .option('--network <mode>', 'none: only a loopback interface; host: the host’s network', 'none')
    .option('--mount <source:path[:ro]>', 'bind mount that the checkpoint expects; may be repeated', collect, [])
    .option('--sandbox <kind>', 'forensic: no way out, limited memory, CPU and processes, mounts read-only')
    .option('--sinkhole', 'with --sandbox: answer every name, take every connection, record every packet')
    .option('--pcap <file>', 'with --sinkhole: where the packets go; copies get -1, -2 … in the name')
    .option('--scrub-tokens', 'overwrite service-account tokens in the copy’s memory, environment and files')
    .option('--set-env <name=value>', 'another value in the copy’s memory, no longer than the old one', collect, [])
    .option(
      '--annotation <key=value>',
      'of copies and their pods (docs/compatibility.md); may be repeated',
      collect,
      [],
    )
    .option('--runtime <handler>', 'runtime handler of the pods, such as crun; the node’s own choice by default')
    .option(
      '--to-cluster',
      'as a pod of a Kubernetes cluster, on a node that can; only a checkpoint image of a registry',
    )
    .option('--dry-run', 'with --to-cluster: print the pod as YAML, and create nothing')
    .option('--like <file>', 'with --to-cluster: pod that it was taken of: manifest, or ARCHIVE.cluster.json')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: RestoreOptions, command: Command) => {
      const wanted = checkedCopies(options);
      if (options.toCluster) {
        const given = OF_A_NODE.filter((name) => command.getOptionValueSource(name) === 'cli');
        if (given.length > 0)
          throw cliError('ERR_USAGE_ARGUMENT', `with --to-cluster there is no room for: ${given.join(', ')}`);
        const { restoreToCluster } = await import('../restore/to-cluster.ts');
        return await restoreToCluster(what, options, io);
      }
      if (
        options.dryRun ||
        options.like !== undefined ||
        options.context !== undefined ||
        options.kubeconfig !== undefined
      )
        throw cliError('ERR_USAGE_ARGUMENT', '--dry-run, --like, --context and --kubeconfig need --to-cluster');
      // The node answers while the archive is looked at.
      const [source, client] = await together(describeSource(what, io, options), connectCri(options, io.signal));
      await using _source = source;
      await using _client = client;
      if (wanted.wishes.own) await demandOwnRuntime(client, io.signal);
      const asked = command.getOptionValueSource('network') === 'cli';
      if (options.network === 'none') tellNetwork(client, asked, io);
      const known = distinct(source.diagnostics);
      tellDiagnostics(io, known);
      const told = (started: Parameters<typeof linesOf>[0][]) => {
        if (options.output !== 'json') io.out(started.map(linesOf).join(''));
      };
      const restored = await restoreCopies(client, source, { options, wanted, told, signal: io.signal });
      const diagnostics = distinct([...known, ...restored.flatMap((copy) => copy.diagnostics ?? [])]);
      tellDiagnostics(io, diagnostics.slice(known.length));
      if (options.output === 'json') io.out(renderJson('RestoredList', 1, { restored, diagnostics }));
      done(evidenceCode(diagnostics));
    });
  withContext(withRegistry(described));
};

/** Options that a cluster’s nodes know nothing of. */
const OF_A_NODE = [
  ...['cri', 'copies', 'network', 'mount', 'sandbox', 'sinkhole', 'pcap', 'scrubTokens', 'setEnv', 'annotation'],
  'runtime',
];

const HELP = `
A copy that was changed (--scrub-tokens, --set-env) is marked: its status, and every later checkpoint of it, say so. The
archive itself is never changed. docs/sandbox.md says what a forensic sandbox is, and what it is not.

The node pulls an image by its own configuration (docs/operate.md); the options for registries are for the look at it before.

  stillframe restore ARCHIVE --sandbox forensic --sinkhole --pcap traffic.pcap --scrub-tokens --copies 2`;

/** Another runtime passes over the annotation by which a pod has only a loopback interface. */
function tellNetwork({ version }: CriClient, asked: boolean, io: Io): void {
  if (version.runtimeName === 'stillframe') return;
  const message = `${harmless(version.runtimeName)} gives the copies a network: it has no --network none`;
  if (asked)
    throw cliError('ERR_USAGE_ARGUMENT', message, { hint: 'restore on a node of Stillframe: leave --cri away' });
  io.err(`warning: ${message}\n`);
}

/** Both of them; where one fails the other is closed, and the first's error tells. */
async function together<A extends AsyncDisposable, B extends AsyncDisposable>(
  first: Promise<A>,
  second: Promise<B>,
): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  for (const each of [a, b]) if (each.status === 'fulfilled') await each.value[Symbol.asyncDispose]();
  throw a.status === 'rejected' ? a.reason : (b as PromiseRejectedResult).reason;
}
