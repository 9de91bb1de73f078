/** Merging what plugins want of a container that is being created. */
import { create } from '@bufbuild/protobuf';
import {
  type Container,
  type ContainerAdjustment,
  ContainerAdjustmentSchema,
  Field,
  type Hooks,
  HooksSchema,
  type KeyValue,
  type LinuxContainer,
  type LinuxContainerAdjustment,
  LinuxContainerAdjustmentSchema,
  LinuxContainerSchema,
  type LinuxDevice,
  type LinuxNamespace,
  LinuxResourcesSchema,
  type Mount,
} from '../proto.ts';
import { mergeEntries, mergeMap, removedKey, replaceEntries } from './entries.ts';
import type { Owners } from './owners.ts';
import { mergeResources } from './resources.ts';

/** Each kind of hook, in the order of the message. */
const HOOKS = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

/** A variable's name in `NAME=value`. */
const nameOf = (text: string) => text.split('=', 1)[0] ?? '';

/** One plugin's turn: its wishes go into `adjust`, and `container` becomes what the next plugin sees. */
interface Turn {
  owners: Owners;
  containerID: string;
  plugin: string;
}

/** Collects the adjustments of all plugins for one container, which is changed on the way. */
export class AdjustmentMerge {
  readonly adjust: ContainerAdjustment = create(ContainerAdjustmentSchema, {
    hooks: {},
    linux: { resources: { memory: {}, cpu: {} } },
  });
  readonly #owners: Owners;
  readonly #container: Container;

  constructor(owners: Owners, container: Container) {
    this.#owners = owners;
    this.#container = container;
  }

  /** Throws ERR_NRI_CONFLICT; what was merged until then is of no use any more. */
  add(plugin: string, wanted: ContainerAdjustment): void {
    const turn = { owners: this.#owners, containerID: this.#container.id, plugin };
    this.#addEntries(turn, wanted);
    this.#addArgs(turn, wanted.args);
    this.#addHooks(turn, wanted.hooks);
    for (const limit of wanted.rlimits) {
      this.#owners.claim(turn.containerID, plugin, Field.Rlimits, limit.type);
      this.adjust.rlimits.push(limit);
      this.#container.rlimits = [...this.#container.rlimits.filter(({ type }) => type !== limit.type), limit];
    }
    for (const device of wanted.CDIDevices) {
      this.#owners.claim(turn.containerID, plugin, Field.CdiDevices, device.name);
      this.adjust.CDIDevices.push(device);
    }
    if (wanted.linux) addLinux(turn, wanted.linux, this.#linux, this.#containerLinux);
  }

  get #linux(): LinuxContainerAdjustment {
    this.adjust.linux ??= create(LinuxContainerAdjustmentSchema);
    return this.adjust.linux;
  }

  get #containerLinux(): LinuxContainer {
    this.#container.linux ??= create(LinuxContainerSchema);
    return this.#container.linux;
  }

  #addEntries(turn: Turn, { annotations, env, mounts }: ContainerAdjustment): void {
    const [adjust, container] = [this.adjust, this.#container];
    const merged = mergeMap(
      { ...turn, field: Field.Annotations },
      annotations,
      adjust.annotations,
      container.annotations,
    );
    adjust.annotations = merged.collected;
    container.annotations = merged.current;
    const variable = ({ key }: KeyValue) => key;
    const mount = ({ destination }: Mount) => destination;
    adjust.env = mergeEntries({ ...turn, field: Field.Env, wanted: env, keyOf: variable }, adjust.env);
    container.env = replaceEntries(container.env, env, {
      ofCurrent: nameOf,
      ofWanted: variable,
      convert: ({ key, value }) => `${key}=${value}`,
    });
    adjust.mounts = mergeEntries({ ...turn, field: Field.Mounts, wanted: mounts, keyOf: mount }, adjust.mounts);
    container.mounts = replaceEntries(container.mounts, mounts, {
      ofCurrent: mount,
      ofWanted: mount,
      convert: (each) => each,
    });
  }

  /** An empty first argument says that another plugin's are replaced. */
  #addArgs({ owners, containerID, plugin }: Turn, wanted: readonly string[]): void {
    if (wanted.length === 0) return;
    const replaces = wanted[0] === '';
    if (replaces) owners.clear(containerID, plugin, Field.Args);
    owners.claim(containerID, plugin, Field.Args);
    this.adjust.args = replaces ? wanted.slice(1) : [...wanted];
    this.#container.args = [...this.adjust.args];
  }

  #addHooks({ owners, containerID, plugin }: Turn, wanted: Hooks | undefined): void {
    if (!wanted || HOOKS.every((kind) => wanted[kind].length === 0)) return;
    this.adjust.hooks ??= create(HooksSchema);
    this.#container.hooks ??= create(HooksSchema);
    const [collected, current] = [this.adjust.hooks, this.#container.hooks];
    for (const kind of HOOKS) {
      collected[kind].push(...wanted[kind]);
      current[kind].push(...wanted[kind]);
    }
    owners.share(containerID, plugin, Field.OciHooks);
  }
}

/** Members of the adjustment that one plugin sets as a whole, with what they are called in the container. */
const WHOLE = {
  cgroupsPath: Field.CgroupsPath,
  oomScoreAdj: Field.OomScoreAdj,
  ioPriority: Field.IoPriority,
  seccompPolicy: Field.SeccompPolicy,
  scheduler: Field.LinuxSched,
} as const satisfies Partial<Record<keyof LinuxContainerAdjustment & keyof LinuxContainer, Field>>;

function addLinux(
  turn: Turn,
  wanted: LinuxContainerAdjustment,
  adjust: LinuxContainerAdjustment,
  current: LinuxContainer,
) {
  const { owners, containerID, plugin } = turn;
  const path = (device: LinuxDevice) => device.path;
  const devices = wanted.devices;
  adjust.devices = mergeEntries({ ...turn, field: Field.Devices, wanted: devices, keyOf: path }, adjust.devices);
  current.devices = replaceEntries(current.devices, devices, {
    ofCurrent: path,
    ofWanted: path,
    convert: (each) => each,
  });
  if (wanted.resources) {
    adjust.resources ??= create(LinuxResourcesSchema);
    current.resources ??= create(LinuxResourcesSchema);
    mergeResources(owners, turn, wanted.resources, [adjust.resources, current.resources]);
  }
  const sysctl = mergeMap({ ...turn, field: Field.Sysctl }, wanted.sysctl, adjust.sysctl, current.sysctl);
  [adjust.sysctl, current.sysctl] = [sysctl.collected, sysctl.current];
  const net = { ...turn, field: Field.LinuxNetDevices };
  const netDevices = mergeMap(net, wanted.netDevices, adjust.netDevices, current.netDevices);
  [adjust.netDevices, current.netDevices] = [netDevices.collected, netDevices.current];
  addNamespaces(turn, wanted, adjust, current);
  for (const key of Object.keys(WHOLE) as (keyof typeof WHOLE)[]) addWhole(turn, key, wanted, [adjust, current]);
  if (wanted.memoryPolicy) {
    owners.claim(containerID, plugin, Field.MemoryPolicy);
    adjust.memoryPolicy = wanted.memoryPolicy;
  }
  addRdt(turn, wanted, adjust);
}

function addWhole<K extends keyof typeof WHOLE>(
  { owners, containerID, plugin }: Turn,
  key: K,
  wanted: Pick<LinuxContainer, K>,
  targets: readonly Pick<LinuxContainer, K>[],
): void {
  const value = wanted[key];
  if (value === undefined || value === '') return;
  owners.claim(containerID, plugin, WHOLE[key]);
  for (const target of targets) target[key] = value;
}

/** Taking a namespace away is a choice as good as another. */
function addNamespaces(
  turn: Turn,
  wanted: LinuxContainerAdjustment,
  adjust: LinuxContainerAdjustment,
  current: LinuxContainer,
) {
  for (const namespace of wanted.namespaces) {
    const kind = removedKey(namespace.type) ?? namespace.type;
    turn.owners.claim(turn.containerID, turn.plugin, Field.Namespace, kind);
    adjust.namespaces.push(namespace);
  }
  const type = (namespace: LinuxNamespace) => namespace.type;
  const keys = { ofCurrent: type, ofWanted: type, convert: (each: LinuxNamespace) => each };
  current.namespaces = replaceEntries(current.namespaces, wanted.namespaces, keys);
}

const RDT = {
  closId: Field.RdtClosID,
  schemata: Field.RdtSchemata,
  enableMonitoring: Field.RdtEnableMonitoring,
} as const;

function addRdt(
  { owners, containerID, plugin }: Turn,
  { rdt }: LinuxContainerAdjustment,
  adjust: LinuxContainerAdjustment,
) {
  if (!rdt) return;
  const set = (Object.keys(RDT) as (keyof typeof RDT)[]).filter((key) => rdt[key] !== undefined);
  if (rdt.remove) for (const field of Object.values(RDT)) owners.clear(containerID, plugin, field);
  for (const key of set) owners.claim(containerID, plugin, RDT[key]);
  const before = rdt.remove ? {} : adjust.rdt;
  adjust.rdt = { ...rdt, ...before, ...Object.fromEntries(set.map((key) => [key, rdt[key]])) };
  adjust.rdt.remove = set.length === 0 && (rdt.remove || (adjust.rdt.remove ?? false));
}
