/** A migration's steps with what this program has for them: capture, image, registry, the pod that restores. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { convertArchive, openCheckpoint } from '@stillframe/checkpoint';
import { at, harmless, listAt, millisecondsText, orAbsent, textAt, UndoStack } from '@stillframe/core';
import { holdLock, writeTextAtomically } from '@stillframe/core/file';
import {
  type ClusterApi,
  chooseContainer,
  decodeMigration,
  findPod,
  listNodes,
  type Migration,
  type MigrationPorts,
  migrate,
  needsOf,
  podPath,
  preflight,
  restoreManifest,
  timesOf,
} from '@stillframe/kubernetes';
import { formatReference } from '@stillframe/oci';
import type { ArchiveWishes } from '../archive-for.ts';
import { addressOf, captureInCluster } from '../checkpoint/by-cluster.ts';
import type { MigrateCommandOptions } from '../commands/migrate.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { commandKey } from '../evidence/for-command.ts';
import { memberOf, prepareArchive } from '../image/members.ts';
import type { Io } from '../io.ts';
import { openCluster } from '../node/cluster-place.ts';
import { openLocation, parseLocation } from '../open-location.ts';
import { cliError } from '../usage.ts';

interface PodOptions extends MigrateCommandOptions {
  seconds: { timeout: number; patience: number };
}

type Address = ReturnType<typeof addressOf>;

const NAMES = 24;
const NODES_SHOWN = 10;

/** Throws ERR_USAGE_ARGUMENT, ERR_CLUSTER_OWNED, ERR_CLUSTER_NO_FIT, ERR_CLUSTER_MIGRATION_OPEN, ERR_FILE_LOCKED and what the steps throw. */
export async function migratePod(text: string, options: PodOptions, io: Io): Promise<void> {
  const api = await openCluster(options, io);
  const address = addressOf(text, options, api.access.kubeNamespace);
  const file = resolve(options.state ?? `migrate-${address.pod}.json`);
  const { signal } = io;
  // Two that go on from one state would each take the other's copy for its own, and remove it.
  await using _alone = await holdLock(`${file}.lock`, { signal, patience: 0 });
  const kept = await orAbsent(readFile(file, 'utf8'), 'ENOENT');
  const state = kept === undefined ? await begin(api, address, options, io) : decodeMigration(kept);
  if (kept !== undefined) await demandSame(api, state, { file, address, options, io });
  const ports = await portsOf(api, file, options, io);
  const end = await migrate(api, state, ports, { signal, patience: options.seconds.patience * 1000 });
  const times = timesOf(end);
  if (options.output === 'json') {
    io.out(renderJson('Migration', 1, { ...end, times }));
    return;
  }
  const { source, target } = end;
  io.out(
    renderFacts(
      [
        ['pod', harmless(`${source.kubeNamespace}/${target.pod} on ${target.node}`)],
        ['original', harmless(`${source.kubeNamespace}/${source.pod} on ${source.node}, removed`)],
        ['image', harmless(end.image ?? '')],
        ['stood still, at most', millisecondsText(times.pauseAtMost)],
        ['neither was ready for', millisecondsText(times.downtime)],
        ['not in the copy', `${millisecondsText(times.lost)} of what the original did since its checkpoint`],
        ['state', file],
      ],
      NAMES,
    ),
  );
}

/** What is gone on with must be what is asked for, and the end of an earlier migration is none of a pod that has its name now. */
async function demandSame(
  api: ClusterApi,
  { source, target, reference, step }: Migration,
  {
    file,
    address,
    options: { to, image, name },
    io: { signal },
  }: { file: string; address: Address; options: PodOptions; io: Io },
): Promise<void> {
  const hint = `name another file with --state, or remove this one: it takes nothing back, and a copy that is there stays`;
  if (source.pod !== address.pod || source.kubeNamespace !== address.kubeNamespace) {
    throw cliError('ERR_USAGE_ARGUMENT', `${harmless(file)} is of another pod, ${harmless(source.pod)}`, { hint });
  }
  for (const [option, asked, was] of [
    ['--to', to, target.node],
    ['--image', image, reference],
    ['--name', name, target.pod],
    ['--container', address.container, source.container],
  ] as const) {
    if (asked === undefined || asked === was) continue;
    throw cliError('ERR_USAGE_ARGUMENT', `${harmless(file)} is of a migration with ${option} ${harmless(was)}`, {
      hint,
    });
  }
  if (step !== 'removed') return;
  const there = await orAbsent(api.get(podPath(source), { signal }), 'ERR_CLUSTER_NOT_FOUND');
  if (there === undefined || textAt(there, 'metadata', 'uid') === source.uid) return;
  const shown = harmless(`${source.kubeNamespace}/${source.pod}`);
  throw cliError('ERR_USAGE_ARGUMENT', `${harmless(file)} is of a migration that has ended; ${shown} is another pod`, {
    hint,
  });
}

/** Looks at everything that can be known before something is done. */
async function begin(
  api: ClusterApi,
  address: Address,
  { to, image, name }: PodOptions,
  { signal }: Io,
): Promise<Migration> {
  if (to === undefined || image === undefined) {
    throw cliError('ERR_USAGE_ARGUMENT', '--to and --image say where to, and by way of which image');
  }
  if (parseLocation(image).kind !== 'registry') {
    throw cliError('ERR_USAGE_ARGUMENT', '--image takes a reference of a registry: a node must pull it');
  }
  const found = await findPod(api, address, { signal });
  const owner = listAt(found.document, 'metadata', 'ownerReferences').find((each) => at(each, 'controller') === true);
  if (owner !== undefined) {
    const kind = harmless(`${textAt(owner, 'kind')} ${textAt(owner, 'name')}`);
    throw cliError(
      'ERR_CLUSTER_OWNED',
      `${harmless(address.pod)} is of ${kind}, which would make another pod in its place`,
    );
  }
  if (to === found.node) throw cliError('ERR_USAGE_ARGUMENT', `it runs on ${harmless(to)} already`);
  const nodes = await listNodes(api, { signal });
  if (nodes.every((each) => each.name !== to)) {
    const names = nodes.slice(0, NODES_SHOWN).map((each) => each.name);
    throw cliError('ERR_CLUSTER_NO_FIT', `${harmless(to)}: there is no such node`, {
      hint: `nothing was done; there are ${harmless(names.join(', '))}${nodes.length > names.length ? ' and others' : ''}`,
    });
  }
  const { kubeNamespace, pod, uid, node } = found;
  const container = chooseContainer(found, address.container).name;
  return {
    ...{ version: 1, id: randomUUID(), step: 'begun', reference: image },
    source: { kubeNamespace, pod, uid, node, container },
    target: { node: to, pod: name ?? `${pod}-moved` },
  };
}

async function portsOf(api: ClusterApi, file: string, options: PodOptions, io: Io): Promise<MigrationPorts> {
  const { signal } = io;
  const key = await commandKey(options.signKey, io);
  const archiveOf = (state: Migration) => {
    if (state.archive === undefined) throw cliError('ERR_USAGE_ARGUMENT', `${harmless(file)} names no archive`);
    return state.archive;
  };
  return {
    told: (step) => io.err(`${step}\n`),
    save: (state) => writeTextAtomically(file, `${JSON.stringify(state, undefined, 2)}\n`),
    async capture({ source }) {
      const found = await findPod(api, source, { signal });
      const container = chooseContainer(found, source.container);
      const place = { fetchImage: options.fetchImage, fetchNamespace: options.fetchNamespace };
      const asked = { ...place, timeout: options.seconds.timeout, folder: dirname(file), key };
      const { told } = await captureInCluster(api, found, container, asked, io);
      return { archive: told.archive ?? '', askedAt: told.askedAt, answeredAt: told.answeredAt };
    },
    async publish(state) {
      const engine = (await listNodes(api, { signal })).find(({ name }) => name === state.target.node)?.runtime;
      const target: ArchiveWishes = engine === 'cri-o' || engine === 'containerd' ? { for: engine } : {};
      await using undo = new UndoStack({ deadline: 60_000 });
      const prepared = await prepareArchive(archiveOf(state), { verify: true, ...target }, { undo, hashed: false, io });
      const member = await memberOf(prepared, undefined, { undo, io });
      await using place = await openLocation(state.reference, io, options);
      const made = await convertArchive(member.checkpoint, place.store, { ...member.options, tag: place.tag, signal });
      const location = parseLocation(state.reference);
      if (location.kind !== 'registry') throw cliError('ERR_USAGE_ARGUMENT', 'the image is of no registry');
      const { registry, repository } = location.reference;
      return formatReference({ registry, repository, digest: made.target.digest });
    },
    async podOf(state) {
      await using checkpoint = await openCheckpoint(archiveOf(state), { signal });
      // The image is laid out for the target's runtime, whoever wrote the archive.
      const needs = {
        ...(await needsOf(checkpoint, undefined, { signal })),
        layouts: ['cri-o', 'containerd'] as const,
      };
      const nodes = (await listNodes(api, { signal })).filter(({ name }) => name === state.target.node);
      const [result] = preflight(needs, nodes);
      if (result?.verdict !== 'fits') {
        const why = result?.checks.filter(({ verdict }) => verdict === 'unfit').map(({ reason }) => reason);
        throw cliError(
          'ERR_CLUSTER_NO_FIT',
          `${harmless(state.target.node)}: ${why?.join('; ') ?? 'there is no such node'}`,
          { hint: 'no copy was created, and the original runs on; another node: --to, with another --state' },
        );
      }
      const { document } = await findPod(api, state.source, { signal });
      const { kubeNamespace } = state.source;
      const [runtimes, image] = [nodes.map(({ runtime }) => runtime), state.image ?? ''];
      const target = { name: state.target.pod, kubeNamespace, nodes: [state.target.node], runtimes, image };
      return restoreManifest({ ...target, needs, like: document, keepLabels: true }).pod;
    },
  };
}
