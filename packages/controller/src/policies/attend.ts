/** Policies of the cluster, and the pods and nodes that they are about: followed only where there is a policy. */
import { orAbsent } from '@stillframe/core';
import { apiPath, podPath } from '@stillframe/kubernetes';
import { Store } from '../cache/store.ts';
import type { Ports } from '../ports.ts';
import { listPath } from '../resources/names.ts';
import { decodePolicy, type Policy } from '../resources/object.ts';
import type { Term } from '../term.ts';
import { containerOf, type FalcoAlert, wantsAlert } from './falco.ts';
import { Drains, decodeNode, type NodeFacts } from './nodes.ts';
import { PodWorker } from './pod-worker.ts';
import { decodePod, type PodFacts } from './pods.ts';
import { PolicyStatusWorker } from './status-worker.ts';
import { policiesFor, trigger } from './trigger.ts';

const WORKERS = { pods: 4, statuses: 1 };
/** Milliseconds after a change in which more of them are one. */
const QUIET = 30_000;

/** What became of an alert. */
export type AlertEnd = 'made' | 'left' | 'unknown-pod';

export interface Policies {
  /** Throws what the API server says: who sent it must know that nothing came of it. */
  alert(alert: FalcoAlert, signal: AbortSignal): Promise<AlertEnd>;
}

export async function attendPolicies(term: Term): Promise<Policies> {
  const { ports } = term;
  const policies = new Store<Policy>({ namespace: ({ kubeNamespace }) => kubeNamespace });
  const pods = new Store<PodFacts>({ node: ({ node }) => node });
  const nodes = new Store<NodeFacts>();
  const suppressed = new Map<string, number>();
  const judged = ({ key }: Policy, cause: string, result: string) => {
    ports.counted.cause(cause, result);
    if (result === 'make') return;
    suppressed.set(key, (suppressed.get(key) ?? 0) + 1);
    statuses.addAfter(key, QUIET);
  };
  const drains = new Drains(ports.clock, nodes, (node) => {
    for (const { key } of pods.group('node', node)) looks.add(key);
  });
  const podWorker = new PodWorker({ ports, pods, policies, drains, judged });
  const looks = term.attend(
    WORKERS.pods,
    (key, signal) => podWorker.work(key, signal),
    () => pods.keys(),
  );
  const statusWorker = new PolicyStatusWorker(ports, policies, suppressed);
  const statuses = term.attend(
    WORKERS.statuses,
    (key, signal) => statusWorker.work(key, signal),
    () => policies.keys(),
  );
  pods.listen((key) => looks.add(key));
  const followed = new Set<'pods' | 'nodes'>();
  const once = async (what: 'pods' | 'nodes', begin: () => Promise<void>) => {
    if (followed.has(what)) return;
    followed.add(what);
    await begin();
  };
  const followWhat = async (policy: Policy) => {
    const place = term.kubeNamespace === undefined ? [] : ['namespaces', term.kubeNamespace];
    if (policy.spec.triggers?.drain === true) {
      await once('nodes', () => term.follow(apiPath('api', 'v1', 'nodes'), nodes, decodeNode));
    }
    await once('pods', () => term.follow(apiPath('api', 'v1', ...place, 'pods'), pods, decodePod));
  };
  policies.listen((key, now, before) => {
    if (!now) suppressed.delete(key);
    else if (now.generation !== before?.generation && now.fault === undefined) {
      void followWhat(now);
      for (const pod of pods.values()) if (pod.kubeNamespace === now.kubeNamespace) looks.add(pod.key);
    }
    statuses.add(key);
  });
  ports.checkpoints.listen((_key, now, before) => {
    const name = (now ?? before)?.labels['policy'];
    if (name !== undefined) statuses.addAfter(`${(now ?? before)?.kubeNamespace}/${name}`, QUIET);
  });
  await term.follow(listPath('checkpointpolicies', term.kubeNamespace), policies, decodePolicy);
  return {
    async alert(alert, signal) {
      const isOurs = term.kubeNamespace === undefined || term.kubeNamespace === alert.kubeNamespace;
      if (policies.size === 0 || !isOurs) return 'left';
      const known = pods.get(`${alert.kubeNamespace}/${alert.pod}`);
      // One that has just begun is not told of yet, and is asked for.
      const pod = known && isMeant(known, alert) ? known : await askForPod(ports, alert, signal);
      if (!pod || !isMeant(pod, alert)) return 'unknown-pod';
      let end: AlertEnd = 'left';
      for (const policy of policiesFor(policies, pod).filter(({ spec }) => wantsAlert(spec, alert))) {
        const cause = { trigger: 'falco', id: alert.rule, reason: `Falco: ${alert.rule}: ${alert.output}` } as const;
        const { result } = await trigger(ports, { policy, pod, cause, container: containerOf(alert, pod) }, signal);
        judged(policy, 'falco', result);
        if (result === 'make') end = 'made';
      }
      return end;
    },
  };
}

function isMeant({ uid }: PodFacts, { podUID }: FalcoAlert): boolean {
  return podUID === undefined || podUID === uid;
}

async function askForPod({ api }: Ports, { kubeNamespace, pod }: FalcoAlert, signal: AbortSignal) {
  const found = await orAbsent(api.get(podPath({ kubeNamespace, pod }), { signal }), 'ERR_CLUSTER_NOT_FOUND');
  return found && decodePod(found);
}
