/** What plugins want of a container that is being created, done to its specification. */
import { isAbsolute, normalize } from 'node:path';
import { harmless } from '@stillframe/core';
import {
  type ContainerAdjustment,
  type Hooks,
  type LinuxContainerAdjustment,
  nriError,
  removedKey,
} from '@stillframe/nri';
import { outerFirst, type SpecMount } from '../container/spec-mounts.ts';
import { specSeccomp } from './seccomp.ts';
import type { DeviceNode, PluginSpec, SpecHook } from './spec-view.ts';

/** Annotation by which the OCI runtime finds CRIU's configuration of the container. */
const OWN_ANNOTATION = 'org.criu.config';
const HOOKS = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

/** What none of this node's OCI runtimes, or not the node itself, can do; each gives whether it is wanted. */
const IMPOSSIBLE: Readonly<Record<string, (adjust: ContainerAdjustment) => boolean>> = {
  'CDI devices': ({ CDIDevices }) => CDIDevices.length > 0,
  'another cgroup path': ({ linux }) => (linux?.cgroupsPath ?? '') !== '',
  'an I/O priority': ({ linux }) => linux?.ioPriority !== undefined,
  'a scheduling policy': ({ linux }) => linux?.scheduler !== undefined,
  'network devices': ({ linux }) => Object.keys(linux?.netDevices ?? {}).length > 0,
  'resctrl settings': ({ linux }) => linux?.rdt !== undefined,
  'a memory policy': ({ linux }) => linux?.memoryPolicy !== undefined,
};

/** What a plugin may change of any container but one that is restored, or that must not get out. */
const SHAPE: Readonly<Record<string, (adjust: ContainerAdjustment) => boolean>> = {
  ...IMPOSSIBLE,
  arguments: ({ args }) => args.length > 0,
  variables: ({ env }) => env.length > 0,
  mounts: ({ mounts }) => mounts.length > 0,
  hooks: ({ hooks }) => HOOKS.some((kind) => (hooks?.[kind].length ?? 0) > 0),
  'process limits': ({ rlimits }) => rlimits.length > 0,
  devices: ({ linux }) => (linux?.devices.length ?? 0) + (linux?.resources?.devices.length ?? 0) > 0,
  namespaces: ({ linux }) => (linux?.namespaces.length ?? 0) > 0,
  'kernel settings': ({ linux }) => Object.keys(linux?.sysctl ?? {}).length > 0,
  'a seccomp profile': ({ linux }) => linux?.seccompPolicy !== undefined,
};

/** What of `adjust` gives the container another shape, in words. */
export function shapeOf(adjust: ContainerAdjustment): string[] {
  return Object.entries(SHAPE).flatMap(([name, isWanted]) => (isWanted(adjust) ? [name] : []));
}

/** Only what is no limit: those are the record's, too. Throws ERR_NRI_ADJUSTMENT for what cannot be done here. */
export function adjustSpec(spec: PluginSpec, adjust: ContainerAdjustment): PluginSpec {
  const impossible = Object.entries(IMPOSSIBLE).flatMap(([name, isWanted]) => (isWanted(adjust) ? [name] : []));
  if (impossible.length > 0) {
    throw nriError('ERR_NRI_ADJUSTMENT', `NRI: plugins want ${impossible.join(', ')}, which this node does not do`);
  }
  const { process: first, linux } = spec;
  const adjusted = {
    ...spec,
    process: {
      ...first,
      args: adjust.args.length > 0 ? [...adjust.args] : first.args,
      env: adjustEnv(first.env, adjust),
      ...rlimits(first.rlimits, adjust),
    },
    annotations: adjustAnnotations(spec.annotations, adjust.annotations),
    mounts: adjustMounts(spec.mounts, adjust),
    ...hooks(spec.hooks, adjust.hooks),
    linux: { ...linux, ...rootPropagation(linux.rootfsPropagation, adjust) },
  };
  return adjust.linux ? adjustLinux(adjusted, adjust.linux) : adjusted;
}

/** What any container may be given. Throws ERR_NRI_ADJUSTMENT for an annotation that is the node's own. */
export function adjustAnnotations(
  annotations: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): Record<string, string> {
  if (Object.keys(wanted).some((key) => (removedKey(key) ?? key) === OWN_ANNOTATION)) {
    throw nriError('ERR_NRI_ADJUSTMENT', `NRI: the annotation ${OWN_ANNOTATION} is the node's own`);
  }
  return adjustMap(annotations, wanted);
}

function adjustMap(map: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>) {
  const entries = new Map(Object.entries(map));
  const changes = Object.entries(wanted);
  for (const [key] of changes) entries.delete(removedKey(key) ?? '');
  for (const [key, value] of changes) if (removedKey(key) === undefined) entries.set(key, value);
  return Object.fromEntries(entries);
}

/** A variable that is changed keeps its place. */
function adjustEnv(env: readonly string[], { env: wanted }: ContainerAdjustment): string[] {
  const variables = new Map(env.map((text) => [text.split('=', 1)[0] ?? '', text]));
  for (const { key } of wanted) variables.delete(removedKey(key) ?? '');
  for (const { key, value } of wanted) {
    if (removedKey(key) !== undefined) continue;
    if (!/^[^=\0]+$/.test(key) || value.includes('\0')) throw malformed(`a variable ${key}`);
    variables.set(key, `${key}=${value}`);
  }
  return [...variables.values()];
}

function rlimits(current: PluginSpec['process']['rlimits'] = [], { rlimits: wanted }: ContainerAdjustment) {
  if (wanted.length === 0) return {};
  const types = new Set(wanted.map(({ type }) => type));
  const added = wanted.map(({ type, hard, soft }) => ({ type, hard: limit(type, hard), soft: limit(type, soft) }));
  return { rlimits: [...current.filter(({ type }) => !types.has(type)), ...added] };
}

/** No limit at all is 2^64-1, which JSON's numbers give only nearly; what is above them is refused. */
function limit(type: string, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`a limit ${type} of ${value}`);
  return Number(value);
}

/** In the order in which they must be made: outer before inner. */
function adjustMounts(mounts: readonly SpecMount[], { mounts: wanted }: ContainerAdjustment): SpecMount[] {
  if (wanted.length === 0) return [...mounts];
  const touched = new Set(wanted.map(({ destination }) => normalize(removedKey(destination) ?? destination)));
  const added = wanted.flatMap(({ destination, type, source, options }) => {
    if (removedKey(destination) !== undefined) return [];
    if (!isAbsolute(destination) || normalize(destination) === '/') throw malformed(`a mount at ${destination}`);
    // SELinux is not enforced where this node runs, so that there is nothing to label.
    return [{ destination: normalize(destination), type, source, options: options.filter((o) => o !== 'relabel') }];
  });
  const kept = mounts.filter(({ destination }) => !touched.has(normalize(destination)));
  return outerFirst([...kept, ...added]);
}

/** The root's own propagation must let through what the mounts in it ask for. */
function rootPropagation(current: string | undefined, { mounts }: ContainerAdjustment) {
  const wanted = mounts.flatMap(({ options }) => options);
  if (wanted.includes('rshared')) return { rootfsPropagation: 'rshared' };
  return wanted.includes('rslave') && current !== 'rshared' ? { rootfsPropagation: 'rslave' } : {};
}

function hooks(current: PluginSpec['hooks'] = {}, wanted: Hooks | undefined): { hooks?: PluginSpec['hooks'] } {
  if (!wanted || HOOKS.every((kind) => wanted[kind].length === 0)) return {};
  const lists = HOOKS.map((kind) => [kind, [...(current[kind] ?? []), ...wanted[kind].map(specHook)]] as const);
  return { hooks: Object.fromEntries(lists.filter(([, list]) => list.length > 0)) };
}

function specHook({ path, args, env, timeout }: Hooks['prestart'][number]): SpecHook {
  if (!isAbsolute(path)) throw malformed(`a hook ${path}`);
  return { path, args: [...args], env: [...env], ...(timeout ? { timeout: Number(timeout.value) } : {}) };
}

function adjustLinux(spec: PluginSpec, adjust: LinuxContainerAdjustment): PluginSpec {
  const { linux } = spec;
  const [devices, rules] = adjustDevices(linux.devices ?? [], adjust);
  const further = (adjust.resources?.devices ?? []).map(({ allow, type, major, minor, access }) => ({
    allow,
    ...(type ? { type } : {}),
    ...(major ? { major: Number(major.value) } : {}),
    ...(minor ? { minor: Number(minor.value) } : {}),
    ...(access ? { access } : {}),
  }));
  const sysctl = adjustMap(linux.sysctl ?? {}, adjust.sysctl);
  return {
    ...spec,
    linux: {
      ...linux,
      namespaces: adjustNamespaces(linux.namespaces, adjust),
      resources: { ...linux.resources, devices: [...(linux.resources.devices ?? []), ...rules, ...further] },
      ...(devices.length > 0 ? { devices } : {}),
      ...(Object.keys(sysctl).length > 0 ? { sysctl } : {}),
      ...(adjust.seccompPolicy ? { seccomp: specSeccomp(adjust.seccompPolicy) } : {}),
    },
  };
}

function adjustNamespaces(
  namespaces: PluginSpec['linux']['namespaces'],
  { namespaces: wanted }: LinuxContainerAdjustment,
) {
  const touched = new Set(wanted.map(({ type }) => removedKey(type) ?? type));
  const added = wanted.filter(({ type }) => removedKey(type) === undefined);
  return [
    ...namespaces.filter(({ type }) => !touched.has(type)),
    ...added.map(({ type, path }) => ({ type, ...(path ? { path } : {}) })),
  ];
}

/** Nodes, and what the devices cgroup must let the container do with those that are added. */
function adjustDevices(devices: readonly DeviceNode[], { devices: wanted }: LinuxContainerAdjustment) {
  const touched = new Set(wanted.map(({ path }) => removedKey(path) ?? path));
  const added = wanted.flatMap(({ path, type, major, minor, fileMode, uid, gid }): DeviceNode[] => {
    if (removedKey(path) !== undefined) return [];
    if (!isAbsolute(path)) throw malformed(`a device ${path}`);
    return [
      {
        path,
        type,
        major: Number(major),
        minor: Number(minor),
        ...(fileMode ? { fileMode: fileMode.value } : {}),
        ...(uid ? { uid: uid.value } : {}),
        ...(gid ? { gid: gid.value } : {}),
      },
    ];
  });
  const rules = added
    .filter(({ type }) => type !== 'p')
    .map(({ type, major, minor }) => ({ allow: true, type, major, minor, access: 'rwm' }));
  return [[...devices.filter(({ path }) => !touched.has(path)), ...added], rules] as const;
}

function malformed(what: string) {
  return nriError('ERR_NRI_ADJUSTMENT', `NRI: a plugin wants ${harmless(what.slice(0, 256))}, which cannot be`);
}
