/** What is known of the container as a whole, fact by fact, and its mounts. */
import type { Mount, SpecDump } from '@stillframe/checkpoint';
import type { Tables } from '../analysers/index.ts';
import { compareThings, type Thing } from './keyed.ts';
import type { Comparison } from './process-rows.ts';
import type { DiffRow } from './row.ts';

/** When it was captured, and how long that took, is no difference of the container. */
export function* containerRows({ before, after, sibling }: Comparison): Generator<DiffRow> {
  yield* compareThings(
    'container',
    things(factsOf(before, sibling), 'config.dump'),
    things(factsOf(after, sibling), 'config.dump'),
  );
}

/** Siblings have names, ids and addresses of their own. */
function factsOf({ container: { metadata, spec } }: Tables, sibling: boolean): ReadonlyMap<string, unknown> {
  const { engine, engineVersion, container, image, ociRuntime, created, restored, ip, annotations, labels } = metadata;
  const own = sibling ? {} : { ...flat('container', container), created, restored, ip };
  const { args, env, cwd, uid, gid, terminal }: Partial<SpecDump['process']> = spec?.process ?? {};
  const facts = {
    ...{ engine, engineVersion, ociRuntime, ...own, ...flat('image', image) },
    ...flat('annotation', sibling ? {} : annotations),
    ...flat('label', sibling ? {} : labels),
    ...(sibling ? {} : { hostname: spec?.hostname }),
    ...{ arguments: args, environment: env, workingFolder: cwd, uid, gid, terminal },
    ...{ maskedPaths: spec?.maskedPaths, readonlyPaths: spec?.readonlyPaths },
  };
  return new Map(Object.entries(facts).filter(([, value]) => value !== undefined));
}

function flat(prefix: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}

function things(facts: ReadonlyMap<string, unknown>, name: string): readonly Thing[] {
  return [...facts].map(([key, value]) => ({
    ...{ key, label: key, facts: { value } },
    reference: { kind: 'entry', name },
  }));
}

/** By mountpoint; of those over one another the first is with the first. */
export function* mountRows({ before, after, sibling, skip }: Comparison): Generator<DiffRow> {
  const none = before.mounts.length === 0 ? 'before' : after.mounts.length === 0 ? 'after' : undefined;
  if (none && before.mounts.length + after.mounts.length > 0) {
    skip({ table: 'mounts', key: '/', reason: `not to be read ${none}` });
    return;
  }
  const told = (mount: Mount) => mountThing(mount, sibling);
  yield* compareThings('mounts', before.mounts.map(told), after.mounts.map(told));
}

function mountThing({ mountpoint, ...mount }: Mount, sibling: boolean): Thing {
  const { type, role, root, source, options, flagNames, filesystemFlagNames, propagation, deleted, device } = mount;
  return {
    key: mountpoint,
    label: `${mountpoint} (${type})`,
    facts: {
      ...{ type, role, flags: flagNames, filesystemFlags: filesystemFlagNames, deleted },
      // Places on the host and numbers of groups are a container's own.
      ...(sibling ? {} : { options, root, source, propagation, device }),
    },
    reference: { kind: 'mount', mountpoint },
  };
}
