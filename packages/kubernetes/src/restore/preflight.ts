/** Whether a checkpoint can be restored on a node, before anything is made there: one check a row, each with its reason. */
import { harmless } from '@stillframe/core';
import type { RestoreNeeds } from './needs.ts';
import type { NodeFacts } from './nodes.ts';
import { compareVersions } from './versions.ts';

/** `unknown`: neither the checkpoint nor the cluster says it; only a try will. */
export type Verdict = 'fits' | 'unfit' | 'unknown';

export interface CheckResult {
  readonly check: string;
  readonly verdict: Verdict;
  /** Harmless text. */
  readonly reason: string;
}

export interface NodeResult {
  readonly node: string;
  /** `unfit` where any check is. */
  readonly verdict: 'fits' | 'unfit';
  readonly checks: readonly CheckResult[];
}

type Judged = readonly [verdict: Verdict, reason: string];
type Check = (needs: RestoreNeeds, node: NodeFacts) => Judged;

/** First CRIU whose restore works on kernels from 6.16 on. */
const NEWER_KERNEL = '6.16';
const NEWER_CRIU = '4.2';
const LEAST_CRIU = '3.16';

const CHECKS: Readonly<Record<string, Check>> = {
  'node is ready': (_needs, { ready, cordoned }) => {
    if (!ready) return ['unfit', 'it is not ready'];
    return cordoned ? ['unfit', 'it is cordoned'] : ['fits', 'ready'];
  },
  architecture({ architecture }, node) {
    if (node.system !== 'linux') return ['unfit', `its system is ${node.system || 'not told'}`];
    if (architecture === undefined) return ['unknown', 'the checkpoint does not tell its own'];
    return architecture === node.architecture
      ? ['fits', architecture]
      : ['unfit', `the checkpoint is of ${architecture}, the node ${node.architecture}`];
  },
  'CPU features'({ cpuFeatures }, node) {
    if (cpuFeatures === undefined) return ['unknown', 'no register state of this machine can be read'];
    if (cpuFeatures.length === 0) return ['fits', 'the processes use none beyond the base'];
    if (node.cpuFeatures === undefined) {
      return [
        'unknown',
        `the processes use ${cpuFeatures.join(', ')}, and Node Feature Discovery does not tell of the node`,
      ];
    }
    const lacking = cpuFeatures.filter((feature) => !node.cpuFeatures?.includes(feature));
    return lacking.length === 0
      ? ['fits', cpuFeatures.join(', ')]
      : ['unfit', `the processes use ${lacking.join(', ')}, which the node’s CPU lacks`];
  },
  kernel({ kernel }, node) {
    if (kernel === undefined) return ['unknown', `the checkpoint does not tell its own; the node has ${node.kernel}`];
    return compareVersions(node.kernel, kernel) >= 0
      ? ['fits', `${node.kernel}; the checkpoint is of ${kernel}`]
      : ['unknown', `${node.kernel} is older than that of the checkpoint, ${kernel}: what it uses may be missing`];
  },
  CRIU(_needs, { told, kernel }) {
    const version = told['criu'];
    if (version === undefined) return ['unknown', 'the cluster does not tell it'];
    const least = compareVersions(kernel, NEWER_KERNEL) >= 0 ? NEWER_CRIU : LEAST_CRIU;
    return compareVersions(version, least) >= 0
      ? ['fits', version]
      : ['unfit', `${version}; with kernel ${kernel} it needs ${least}`];
  },
  runtime: (_needs, node) => runtimeRestores(node),
  'archive for the runtime'({ layouts }, { runtime }) {
    if (runtime !== 'cri-o' && runtime !== 'containerd') return ['fits', 'it takes archives of any engine'];
    return layouts.includes(runtime)
      ? ['fits', `laid out for ${runtime}`]
      : ['unfit', `it is not laid out for ${runtime}: \`stillframe image build --for ${runtime}\` makes one that is`];
  },
  'OCI runtime'({ ociRuntime }, { told }) {
    const wanted = ociRuntime === 'crun' || ociRuntime === 'runc' ? ociRuntime : undefined;
    const has = told['oci-runtime'];
    if (wanted === undefined || has === undefined) {
      return [
        'unknown',
        `the checkpoint is of ${ociRuntime ?? 'one that is not told'}, the node’s is ${has ?? 'not told'}`,
      ];
    }
    return wanted === has ? ['fits', has] : ['unfit', `the checkpoint is of ${wanted}, the node has ${has}`];
  },
  cgroups({ cgroupVersion }, { told }) {
    const [wanted, has] = [cgroupVersion, told['cgroup']].map((text) => text?.replace(/^v/, ''));
    if (wanted === undefined || has === undefined) {
      return [
        'unknown',
        `the checkpoint is of version ${wanted ?? 'not told'}, the node has ${has ?? 'what is not told'}`,
      ];
    }
    return wanted === has
      ? ['fits', `version ${has}`]
      : ['unfit', `the checkpoint is of version ${wanted}, the node has ${has}`];
  },
  devices({ binds }) {
    const devices = binds
      .map(({ path }) => path)
      .filter((path) => /^\/dev\/(?!shm|mqueue|pts|termination-log)/.test(path));
    if (devices.length === 0) return ['fits', 'none of the host'];
    return ['unknown', `it had ${devices.join(', ')}, whose state no checkpoint holds`];
  },
};

/** Versions of containerd that restore, from – until before, and what they need (checkpoint-spec 4.1). */
const CONTAINERD: readonly (readonly [from: string, before: string, Judged])[] = [
  ['0', '2.1.0', ['unfit', 'containerd restores from 2.1 on']],
  ['2.1.0', '2.2.7', ['fits', 'it restores']],
  ['2.2.7', '2.3.0', ['unknown', 'it restores only with enable_experimental_restore_via_create = true']],
  ['2.3.0', '2.3.4', ['fits', 'it restores']],
  ['2.3.4', '2.4.0', ['unknown', 'it restores only with enable_experimental_restore_via_create = true']],
  ['2.4.0', '99999', ['unfit', 'containerd from 2.4 on restores no single containers any more']],
];

function runtimeRestores({ runtime, runtimeVersion: version }: NodeFacts): Judged {
  if (runtime === 'stillframe') return ['fits', `Stillframe ${version}`];
  if (runtime === 'cri-o') {
    return compareVersions(version, '1.25') >= 0
      ? ['unknown', `CRI-O ${version} restores where enable_criu_support is true`]
      : ['unfit', `CRI-O ${version}; it restores from 1.25 on`];
  }
  if (runtime === 'containerd') {
    const row = CONTAINERD.find(
      ([from, before]) => compareVersions(version, from) >= 0 && compareVersions(version, before) < 0,
    );
    const [verdict, reason]: Judged = row?.[2] ?? ['unknown', 'its version is not told'];
    return [verdict, `containerd ${version}: ${reason}`];
  }
  return ['unfit', `${runtime || 'its runtime'} is not known to restore containers`];
}

/** Every check of every node. */
export function preflight(needs: RestoreNeeds, nodes: readonly NodeFacts[]): NodeResult[] {
  return nodes.map((node) => {
    const checks = Object.entries(CHECKS).map(([check, judge]) => {
      const [verdict, reason] = judge(needs, node);
      return { check, verdict, reason: harmless(reason) };
    });
    const verdict = checks.some((each) => each.verdict === 'unfit') ? 'unfit' : 'fits';
    return { node: node.name, verdict, checks };
  });
}
