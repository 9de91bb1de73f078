/** `stillframe collect`: archives of a kubelet's folder are put where they are safe, for as long as it runs. */
import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { limitsAnything } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import type { SigningKey } from '@stillframe/evidence';
import { isDnsSubdomain } from '@stillframe/kubelet/names';
import { Option } from 'commander';
import { Collector, type Look } from '../collect/collector.ts';
import type { ReadyArchive } from '../collect/destination.ts';
import { CollectorFigures } from '../collect/figures.ts';
import { collectOnce, collectUntilEnded } from '../collect/loop.ts';
import type { ReporterPlace } from '../collect/open-reporter.ts';
import { openDestination, type PlaceOptions, withPlace } from '../collect/place-options.ts';
import { LocalRetention } from '../collect/retention.ts';
import { StateFolder } from '../collect/state-folder.ts';
import { noteAccess, userOf } from '../custody/note.ts';
import { renderJson } from '../display/json.ts';
import { commandKey } from '../evidence/for-command.ts';
import type { Io } from '../io.ts';
import { type ContextPlace, meansCluster, withContext } from '../node/cluster-place.ts';
import { jsonLogger } from '../node/logger.ts';
import { servePlainHttp } from '../node/plain-http.ts';
import { durationOf } from '../numbers.ts';
import { policyOf, type RuleOptions, withRules } from '../retention/options.ts';
import { cliError } from '../usage.ts';
import type { RegisterCommand } from './command.ts';

const FOLDER = '/var/lib/kubelet/checkpoints';

interface CollectOptions extends PlaceOptions, RuleOptions, ContextPlace {
  state: string;
  once?: boolean;
  interval: string;
  settle: string;
  signKey?: string;
  listen?: string;
  remove?: boolean;
  findings?: boolean;
  report?: boolean;
}

const HELP = `
An archive is taken once it has been left alone for --settle and its end can be read. It is hashed, gets evidence where the node made
none (docs/evidence.md), is encrypted where somebody is named who can open it, and pushed; nothing is removed unless --remove or a
rule says so, and nothing that is not where it belongs. A run that was killed is gone on with by the next; docs/collector.md says how.

  stillframe collect --to registry.example/checkpoints --state /var/lib/stillframe-collector
  stillframe collect --to s3://evidence/node-1 --s3-endpoint https://s3.example --object-lock compliance --retain 90d --state DIR
  stillframe collect FOLDER --to registry.example/checkpoints --state DIR --once        what is there now, then the end`;

/** Runs until it is ended, or with `--once` until everything has been tried; then exit code 1 where an archive stays. */
export const collect: RegisterCommand = (program, io) => {
  const command = program
    .command('collect')
    .description('Put the archives of a kubelet’s folder into a registry or an object store, with evidence')
    .argument('[folder]', `folder that a kubelet or a node writes archives into; ${FOLDER} by default`)
    .requiredOption('--state <folder>', 'folder of its own, for what was done; kept over restarts')
    .option('--once', 'what is there now, then end')
    .option('--interval <time>', 'look at least so often; changes are seen at once', '30s')
    .option('--settle <time>', 'an archive must have been left alone so long', '10s')
    .option('--sign-key <file>', 'sign evidence, and images, with this private key, in PEM')
    .option('--findings', 'judge each archive by rules, and put the record of that beside it (docs/forensics.md)')
    .option('--report', 'tell the Checkpoints of a cluster what became of their archives (docs/collector.md)')
    .option('--listen <host:port>', 'serve /healthz and /metrics there')
    .addOption(
      new Option('--remove', 'remove each archive here once it is where it belongs').conflicts([
        ...['keep', 'maxAge', 'maxSize', 'maxTotalSize'],
      ]),
    );
  withContext(withRules(withPlace(command)))
    .addHelpText('after', HELP)
    .action(async (given: string | undefined, options: CollectOptions) => {
      const folder = resolve(given ?? FOLDER);
      const [settle, interval] = [durationOf(options.settle, '--settle'), durationOf(options.interval, '--interval')];
      const policy = policyOf(options);
      const removes = options.remove === true || limitsAnything(policy);
      const logger = jsonLogger(io);
      const figures = new CollectorFigures();
      const ending = new AbortController();
      const signal = AbortSignal.any([io.signal, ending.signal]);
      const own: Io = { ...io, signal, env: { ...io.env, XDG_STATE_HOME: resolve(options.state) } };
      demandReporting(options);
      const key = await commandKey(options.signKey, own);
      const destination = await openDestination(options, own);
      await using state = await StateFolder.open(resolve(options.state), { signal, lost: (e) => ending.abort(e) });
      await using _served = await listen(options.listen, figures);
      const shared = { folder, state, destination, figures, logger, signal };
      const retention = removes
        ? new LocalRetention({ ...shared, policy: options.remove ? undefined : policy })
        : undefined;
      const node = options.nodeName;
      const note = async (path: string) => {
        if (await mayWrite(folder)) await noteAccess(path, own);
      };
      const judge = options.findings ? await judging(options, key, own) : undefined;
      const user = userOf(io.env);
      await using reporter = options.report ? await reporting(options, shared, own) : undefined;
      const collector = new Collector({ ...shared, settle, user, node, key, retention, note, judge, reporter });
      logger.log('info', 'collecting', { folder, to: destination.text, removes });
      if (options.once) {
        const look = await collectOnce(collector, settle, signal);
        await reporter?.settled();
        io.out(renderJson('Collection', 1, { folder, destination: destination.text, ...bodyOf(look) }));
        demandAll(look);
      } else await collectUntilEnded(collector, { ...shared, interval });
      // Whoever took the lock over works on; this one must not look as if it had been asked to end.
      if (ending.signal.aborted) throw ending.signal.reason;
      if (!options.once) logger.log('info', 'ended');
    });
};

type Shared = Omit<ReporterPlace, 'node' | 'place'>;

/** Throws ERR_USAGE_ARGUMENT for words that do not go together. */
function demandReporting({ report, nodeName, ...place }: CollectOptions): void {
  if (!report && meansCluster(place))
    throw cliError('ERR_USAGE_ARGUMENT', '--context and --kubeconfig say whom to tell, and go with --report');
  if (report && !isDnsSubdomain(nodeName ?? ''))
    throw cliError('ERR_USAGE_ARGUMENT', '--report needs --node-name, as the cluster calls this node');
}

/** What speaks to a cluster is a lot to load, too. Throws ERR_CLUSTER_* where no way to one is known. */
async function reporting({ nodeName = '', ...place }: CollectOptions, shared: Shared, io: Io) {
  const { openReporter } = await import('../collect/open-reporter.ts');
  return await openReporter({ ...shared, node: nodeName, place }, io);
}

/** Rules are a lot to load. Throws ERR_USAGE_ARGUMENT where findings would lie in the open beside what is encrypted. */
async function judging({ encryptionKey = [] }: CollectOptions, key: SigningKey | undefined, io: Io) {
  if (encryptionKey.length > 0)
    throw cliError('ERR_USAGE_ARGUMENT', '--findings tells of memory, and only layers of images are encrypted', {
      hint: 'leave --findings out, or use an object store: what is put there is sealed with --recipient',
    });
  const { findingsOf } = await import('../collect/findings.ts');
  return (archive: ReadyArchive) => findingsOf(archive, key, io);
}

/** Also root may not, on a read-only mount. */
function mayWrite(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

function bodyOf({ placed, standings }: Look) {
  return { placed, archives: standings.map(({ name, state, size }) => ({ name, state, size })) };
}

/** Throws ERR_COLLECT_FAILED. */
function demandAll({ standings }: Look): void {
  const staying = standings.filter(({ state }) => state !== 'placed');
  if (staying.length === 0) return;
  const [first] = staying;
  const rest = staying.length === 1 ? '' : ` and ${staying.length - 1} more`;
  throw cliError('ERR_COLLECT_FAILED', `not pushed: ${harmless(first?.name ?? '')} (${first?.state})${rest}`);
}

async function listen(text: string | undefined, figures: CollectorFigures): Promise<AsyncDisposable | undefined> {
  if (text === undefined) return undefined;
  const [, host = '', port = ''] = /^(?:\[?([0-9A-Za-z.:-]+?)\]?):([0-9]{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535)
    throw cliError('ERR_USAGE_ARGUMENT', `--listen takes HOST:PORT, not ${JSON.stringify(text)}`);
  return await servePlainHttp(
    { host, port: Number(port) },
    () => figures.text(),
    () => figures.silence(),
  );
}
