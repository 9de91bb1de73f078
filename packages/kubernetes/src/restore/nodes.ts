/** What a cluster says of its nodes, as far as a restore is concerned. */
import { at, isObject, listAt, textAt } from '@stillframe/core';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';

/** Text is the cluster's own. */
export interface NodeFacts {
  readonly name: string;
  readonly ready: boolean;
  readonly cordoned: boolean;
  readonly system: string;
  readonly architecture: string;
  readonly kernel: string;
  readonly kubelet: string;
  /** `cri-o`, `containerd`, `stillframe`. */
  readonly runtime: string;
  readonly runtimeVersion: string;
  /** Of Node Feature Discovery: names of CPUID features; undefined where it does not run there. */
  readonly cpuFeatures: readonly string[] | undefined;
  /** What Stillframe's own annotations on the node say: `criu`, `cgroup`, `oci-runtime`. */
  readonly told: Readonly<Record<string, string>>;
}

const CPU = 'feature.node.kubernetes.io/cpu-cpuid.';
const TOLD = 'io.stillframe.node/';

/** Throws what the API server says. */
export async function listNodes(api: ClusterApi, options: CallOptions = {}): Promise<NodeFacts[]> {
  return (await api.list(apiPath('api', 'v1', 'nodes'), {}, options)).map(nodeFacts);
}

function nodeFacts(node: unknown): NodeFacts {
  const info = (key: string) => textAt(node, 'status', 'nodeInfo', key);
  const [, runtime = '', runtimeVersion = ''] = /^([^:]*):\/\/(.*)$/.exec(info('containerRuntimeVersion')) ?? [];
  const labels = Object.entries(recordAt(node, 'labels'));
  const cpu = labels
    .filter(([key, value]) => key.startsWith(CPU) && value === 'true')
    .map(([key]) => key.slice(CPU.length));
  const ready = listAt(node, 'status', 'conditions').find((each) => textAt(each, 'type') === 'Ready');
  const told = Object.entries(recordAt(node, 'annotations')).filter(([key]) => key.startsWith(TOLD));
  return {
    name: textAt(node, 'metadata', 'name'),
    ready: textAt(ready, 'status') === 'True',
    cordoned: at(node, 'spec', 'unschedulable') === true,
    system: info('operatingSystem'),
    architecture: info('architecture'),
    kernel: info('kernelVersion'),
    kubelet: info('kubeletVersion'),
    runtime,
    runtimeVersion,
    cpuFeatures: cpu.length > 0 ? cpu : undefined,
    told: Object.fromEntries(told.map(([key, value]) => [key.slice(TOLD.length), value])),
  };
}

function recordAt(node: unknown, key: string): Record<string, string> {
  const found = at(node, 'metadata', key);
  if (!isObject(found)) return {};
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
