/** `stillframe restore --to-cluster`: the pod that restores a checkpoint image, once it is known which nodes can. */
import { readFile } from 'node:fs/promises';
import { type CheckpointFacts, checkpointImageAt } from '@stillframe/checkpoint';
import { harmless, isCode, isObject, type JsonObject, limits, messageOf, textAt } from '@stillframe/core';
import {
  type ClusterApi,
  findPod,
  listNodes,
  type NodeResult,
  needsOf,
  preflight,
  type RestoreManifest,
  type RestoreNeeds,
  restoreManifest,
} from '@stillframe/kubernetes';
import { parse, stringify } from 'yaml';
import { demandNames } from '../commands/address.ts';
import { renderJson } from '../display/json.ts';
import type { Io } from '../io.ts';
import type { DecryptionOptions, IdentityOptions } from '../key-options.ts';
import { type ContextPlace, openCluster } from '../node/cluster-place.ts';
import { openEvidence } from '../open-evidence.ts';
import { openSource } from '../open-location.ts';
import type { RegistryFlags } from '../registries/flags.ts';
import { describeSource } from '../restore-source.ts';
import { type PolicyOptions, resolveAllowed } from '../signature-policy.ts';
import { cliError } from '../usage.ts';

export interface ToClusterOptions
  extends ContextPlace,
    DecryptionOptions,
    IdentityOptions,
    PolicyOptions,
    RegistryFlags {
  dryRun?: boolean;
  like?: string;
  container?: string;
  name?: string;
  namespace: string;
  output: string;
}

/**
 * Creates the pod, or with `dryRun` prints it as YAML. Throws ERR_USAGE_ARGUMENT, ERR_CLUSTER_NO_FIT with the reasons told on stderr,
 * ERR_CLUSTER_MOUNTS, ERR_CLUSTER_*, and what the readers of images throw. Nothing is created before all of it is known.
 */
export async function restoreToCluster(what: string, options: ToClusterOptions, io: Io): Promise<void> {
  const api = await openCluster(options, io);
  const { image, needs, pod } = await needsOfImage(what, options, io);
  const name = options.name ?? `${pod}-restored`;
  demandNames({ kubeNamespace: options.namespace, pod: name, container: needs.container });
  const like = await podToBeLike(api, needs, options, io);
  const nodes = await listNodes(api, io);
  const results = preflight(needs, nodes);
  const fit = results.filter(({ verdict }) => verdict === 'fits').map(({ node }) => node);
  if (options.output !== 'json') io.err(textOf(results));
  if (fit.length === 0) {
    if (options.output === 'json') io.out(renderJson('ClusterRestore', 1, { image, nodes: results }));
    throw cliError('ERR_CLUSTER_NO_FIT', `none of ${results.length} nodes can restore ${harmless(image)}`);
  }
  const runtimes = nodes.filter((node) => fit.includes(node.name)).map(({ runtime }) => runtime);
  const made = restoreManifest({ needs, image, name, kubeNamespace: options.namespace, like, nodes: fit, runtimes });
  if (!options.dryRun) await create(api, made, options.namespace, io);
  tell(made, results, image, options, io);
}

async function create(api: ClusterApi, { pod }: RestoreManifest, kubeNamespace: string, { signal }: Io): Promise<void> {
  await api.create(`/api/v1/namespaces/${encodeURIComponent(kubeNamespace)}/pods`, pod, { signal });
}

function tell(
  made: RestoreManifest,
  nodes: readonly NodeResult[],
  image: string,
  options: ToClusterOptions,
  io: Io,
): void {
  const { pod, notes } = made;
  if (options.output === 'json') {
    io.out(renderJson('ClusterRestore', 1, { image, created: !options.dryRun, pod, notes, nodes }));
    return;
  }
  for (const note of notes) io.err(`note: ${note}\n`);
  if (options.dryRun) io.out(stringify(pod));
  else io.out(`pod ${options.namespace}/${textAt(pod, 'metadata', 'name')} created\n`);
}

/** A row a node, and below it what does not fit or is not known. */
function textOf(results: readonly NodeResult[]): string {
  const rows = results.flatMap(({ node, verdict, checks }) => [
    `${verdict === 'fits' ? 'fits ' : 'unfit'}  ${harmless(node)}`,
    ...checks
      .filter((each) => each.verdict !== 'fits')
      .map(({ check, verdict: how, reason }) => `         ${how}: ${check}: ${reason}`),
  ]);
  return rows.map((row) => `${row}\n`).join('');
}

/** Only what a node can pull can be restored there, and only by digest is it what was looked at. */
async function needsOfImage(what: string, options: ToClusterOptions, io: Io) {
  await using source = await describeSource(what, io, options);
  const [only, ...others] = source.containers;
  if (!only?.pull) {
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(what)} is nothing that a node can pull`, {
      hint: 'make an image of it and push that: `stillframe image build`, `stillframe image push`',
    });
  }
  if (others.length > 0) {
    const names = source.containers.map((each) => each.name).join(', ');
    throw cliError('ERR_USAGE_ARGUMENT', `it holds several containers: ${names}`, {
      hint: 'name one with --container',
    });
  }
  await using place = await openSource(only.image, io, options);
  const root = await resolveAllowed(place, only.image, options, io);
  const found = await checkpointImageAt(place.store, root, { signal: io.signal, container: options.container });
  await using checkpoint = await openEvidence(only.image, io, options);
  const facts: CheckpointFacts | undefined = found?.facts;
  return { image: only.image, pod: source.pod, needs: await needsOf(checkpoint, facts, { signal: io.signal }) };
}

/** `--like`, else the pod itself where it is there still. Throws ERR_USAGE_ARGUMENT, ERR_FILE_UNREADABLE. */
async function podToBeLike(
  api: ClusterApi,
  { kubeNamespace, pod }: RestoreNeeds,
  { like }: ToClusterOptions,
  io: Io,
): Promise<JsonObject | undefined> {
  if (like !== undefined) return await readPod(like);
  if (kubeNamespace === undefined || pod === undefined) return undefined;
  try {
    return (await findPod(api, { kubeNamespace, pod }, io)).document;
  } catch (error) {
    if (isCode(error, 'ERR_CLUSTER_NOT_FOUND') || isCode(error, 'ERR_CLUSTER_NOT_RUNNING')) return undefined;
    throw error;
  }
}

/** A manifest of a pod, or what the cluster knew of one. */
async function readPod(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8');
  try {
    if (text.length > limits.json * 4) throw new Error('it is too large');
    const document: unknown = parse(text, { strict: true, uniqueKeys: true, maxAliasCount: 0 });
    const pod = isObject(document) && document['kind'] === 'ClusterContext' ? document['pod'] : document;
    if (isObject(pod) && isObject(pod['spec'])) return pod;
    throw new Error('it is no pod');
  } catch (cause) {
    throw cliError('ERR_USAGE_ARGUMENT', `--like ${harmless(path)}: ${harmless(messageOf(cause))}`, { cause });
  }
}
