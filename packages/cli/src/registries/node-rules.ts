/** The `images` section of the node's configuration as rules, so that one thing decides where an image comes from. */
import type { MirrorRule, RegistryRule } from './rules.ts';

/** Where images of some registries are looked for first. */
export interface Mirror {
  /** `*` for every image, or the beginning of references, up to a `/`: `docker.io`, `registry.example/team`. */
  prefix: string;
  /** What takes the prefix's place: a registry, perhaps with a path. For `*` the registry's name goes away, too. */
  location: string;
  /** Whether the registry itself is asked where the mirror has not got the image. True by default. */
  fallback?: boolean | undefined;
}

/** A rule for each prefix, with the mirrors of all prefixes that it begins with, the longest first; `from` names the file. */
export function rulesOfMirrors(mirrors: readonly Mirror[], insecure: readonly string[], from: string): RegistryRule[] {
  return [...new Set(mirrors.map(({ prefix }) => prefix))].map((prefix) => {
    const fitting = mirrors
      .filter((mirror) => isWithin(prefix, mirror.prefix))
      .toSorted((a, b) => lengthOf(b) - lengthOf(a));
    return {
      prefix,
      insecure: false,
      blocked: false,
      mirrors: fitting.map(
        (mirror): MirrorRule => ({
          prefix: mirror.prefix,
          location: mirror.location,
          insecure: insecure.includes(mirror.location.split('/')[0] ?? ''),
          use: 'all',
        }),
      ),
      fallback: fitting.every(({ fallback }) => fallback !== false),
      from,
    };
  });
}

/** Whether every reference that begins with `prefix` begins with `outer`. */
function isWithin(prefix: string, outer: string): boolean {
  return outer === '*' || prefix === outer || (prefix.startsWith(outer) && /[/:@]/.test(prefix[outer.length] ?? ''));
}

function lengthOf({ prefix }: Mirror): number {
  return prefix === '*' ? 0 : prefix.length;
}
