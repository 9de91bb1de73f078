/** The parts of config.json (runtime-spec config.md) that plugins see and change. */
import { readFile } from 'node:fs/promises';
import type { SeccompProfile } from '../container/seccomp-profile.ts';
import type { SpecMount } from '../container/spec-mounts.ts';

export interface SpecHook {
  path: string;
  args?: string[];
  env?: string[];
  /** Seconds. */
  timeout?: number;
}

export interface DeviceNode {
  path: string;
  type: string;
  major: number;
  minor: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

/** Plain data; what is not named here is kept as it is. */
export interface PluginSpec {
  process: {
    args: string[];
    env: string[];
    user?: { uid: number; gid: number; additionalGids?: number[] };
    rlimits?: { type: string; hard: number; soft: number }[];
    oomScoreAdj?: number;
    [member: string]: unknown;
  };
  mounts: SpecMount[];
  annotations: Record<string, string>;
  hooks?: Record<string, readonly SpecHook[]>;
  linux: {
    cgroupsPath?: string;
    namespaces: { type: string; path?: string }[];
    devices?: readonly DeviceNode[];
    resources: { devices?: unknown[]; [member: string]: unknown };
    sysctl?: Record<string, string>;
    seccomp?: SeccompProfile;
    rootfsPropagation?: string;
    [member: string]: unknown;
  };
  [member: string]: unknown;
}

/** Of a bundle; undefined where it has none any more, as after a reboot. */
export async function readPluginSpec(path: string): Promise<PluginSpec | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  // It is the node's own and written by it alone.
  return text === undefined ? undefined : (JSON.parse(text) as PluginSpec);
}
