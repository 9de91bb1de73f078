/** Seccomp profiles of the node's administrator (`Localhost`): JSON as Docker and the runtime specification have it. */
import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { isObject, messageOf } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import type { SeccompProfile, SeccompRule } from './seccomp-profile.ts';

const FILE_LIMIT = 1 << 20;

/** Reads the profile at `path`. Throws ERR_CONTAINER_INVALID for what is none. `capabilities`: the container's. */
export async function seccompFile(path: string, capabilities: ReadonlySet<string>): Promise<SeccompProfile> {
  if (!isAbsolute(path)) throw invalid(path, 'the path is not absolute');
  try {
    await using handle = await open(path, 'r');
    const found = await handle.stat();
    if (!found.isFile() || found.size > FILE_LIMIT) throw new Error(`no file of at most ${FILE_LIMIT} bytes`);
    return parseSeccomp(JSON.parse(await handle.readFile('utf8')), capabilities);
  } catch (cause) {
    throw invalid(path, messageOf(cause), cause);
  }
}

function invalid(path: string, why: string, cause?: unknown) {
  return runtimeError('ERR_CONTAINER_INVALID', `seccomp profile ${JSON.stringify(path)}: ${why}`, { cause });
}

/** A rule as files have it: one name or several, and conditions on the container's capabilities. */
interface FileRule extends Partial<SeccompRule> {
  name?: string;
  includes?: { caps?: string[] };
  excludes?: { caps?: string[] };
}

/** The profile for a container with `capabilities`. Throws Error for what is no profile; runc checks the words in it. */
export function parseSeccomp(value: unknown, capabilities: ReadonlySet<string>): SeccompProfile {
  if (!isObject(value)) throw new Error('it is no object');
  const {
    defaultAction,
    defaultErrnoRet,
    architectures,
    flags,
    archMap,
    syscalls = [],
  } = value as {
    [Key in keyof SeccompProfile]?: unknown;
  } & { archMap?: unknown };
  if (typeof defaultAction !== 'string') throw new Error('it has no defaultAction');
  if (!Array.isArray(syscalls)) throw new Error('syscalls is no list');
  const named = listOf(architectures) ?? archNames(archMap);
  return {
    defaultAction,
    ...(typeof defaultErrnoRet === 'number' ? { defaultErrnoRet } : {}),
    ...(named ? { architectures: named } : {}),
    ...(listOf(flags) ? { flags: listOf(flags) ?? [] } : {}),
    syscalls: (syscalls as FileRule[]).filter((rule) => applies(rule, capabilities)).map(ruleOf),
  };
}

function applies({ includes, excludes }: FileRule, capabilities: ReadonlySet<string>): boolean {
  if ((includes?.caps ?? []).some((name) => !capabilities.has(name))) return false;
  return !(excludes?.caps ?? []).some((name) => capabilities.has(name));
}

function ruleOf({ name, names = name === undefined ? [] : [name], action, errnoRet, args }: FileRule): SeccompRule {
  if (!Array.isArray(names) || names.some((each) => typeof each !== 'string')) throw new Error('a rule has no names');
  if (typeof action !== 'string') throw new Error('a rule has no action');
  return {
    names,
    action,
    ...(typeof errnoRet === 'number' ? { errnoRet } : {}),
    ...(Array.isArray(args) && args.length > 0 ? { args } : {}),
  };
}

function listOf(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
}

/** Docker's files say the architecture together with those that it runs as well. */
function archNames(value: unknown): string[] | undefined {
  const own = process.arch === 'x64' ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64';
  const map = Array.isArray(value) ? (value as { architecture?: unknown; subArchitectures?: unknown }[]) : [];
  const found = map.find(({ architecture }) => architecture === own);
  return found ? [own, ...(listOf(found.subArchitectures) ?? [])] : undefined;
}
