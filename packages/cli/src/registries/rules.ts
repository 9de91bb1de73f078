/** What is configured for registries, and which places that makes of an image's name (containers-registries.conf(5)). */
import { formatReference, parseReference } from '@stillframe/oci';
import { cliError } from '../usage.ts';

/** Of which references a mirror is asked. */
export type MirrorUse = 'all' | 'digest-only' | 'tag-only';

export interface MirrorRule {
  /** What `location` takes the place of. */
  readonly prefix: string;
  readonly location: string;
  readonly insecure: boolean;
  readonly use: MirrorUse;
}

/** What holds for all images whose names begin with `prefix`. */
export interface RegistryRule {
  /**
   * `host[:port]`, with further parts of a name behind it, up to a whole reference; `*.host` for every host below one; `*` for
   * all there are.
   */
  readonly prefix: string;
  /** What takes the prefix's place; undefined where names stay as they are. */
  readonly location?: string | undefined;
  readonly insecure: boolean;
  readonly blocked: boolean;
  /** In the order in which they are asked. */
  readonly mirrors: readonly MirrorRule[];
  /** Whether the registry itself is asked where no mirror has the image. */
  readonly fallback: boolean;
  /** Who says so: a file. */
  readonly from: string;
}

/** Where an image is asked for, or sent to. */
export interface Place {
  /** The full reference there. */
  readonly reference: string;
  readonly insecure: boolean;
  /** The rule that leads away from the name as it was written; undefined where nothing does. */
  readonly by?: RegistryRule | undefined;
}

/**
 * Later rules replace earlier ones with the same prefix (registries.conf.d). Of one file the first of a prefix counts; that is
 * for its reader to see to.
 */
export function mergeRules(...lists: readonly (readonly RegistryRule[])[]): RegistryRule[] {
  return [...new Map(lists.flat().map((rule) => [rule.prefix, rule])).values()];
}

/** The rule with the longest prefix of a full reference. */
function ruleFor(reference: string, rules: readonly RegistryRule[]): RegistryRule | undefined {
  let found: RegistryRule | undefined;
  for (const rule of rules) {
    if (matched(reference, rule.prefix) === undefined) continue;
    if (!found || rule.prefix.length > found.prefix.length) found = rule;
  }
  return found;
}

/**
 * Where to read, in order: the mirrors, then the registry itself. Throws ERR_REGISTRY_BLOCKED, and ERR_OCI_REFERENCE_INVALID
 * where a location makes no reference.
 */
export function placesToRead(name: string, rules: readonly RegistryRule[]): Place[] {
  const parsed = parseReference(name);
  const reference = formatReference(parsed);
  const rule = ruleFor(reference, rules);
  demandOpen(reference, rule);
  if (!rule) return [{ reference, insecure: false }];
  const skipped: MirrorUse = parsed.digest === undefined ? 'digest-only' : 'tag-only';
  const mirrors = rule.mirrors
    .filter(({ use }) => use !== skipped)
    .map((mirror): Place => ({ ...rewritten(reference, mirror), by: rule }))
    // A mirror on a registry that is blocked itself is none.
    .filter((place) => !ruleFor(place.reference, rules)?.blocked);
  return rule.fallback || mirrors.length === 0 ? [...mirrors, placeOf(reference, rule, rules)] : mirrors;
}

/** Where to write: never a mirror. Throws as placesToRead does. */
export function placeToWrite(name: string, rules: readonly RegistryRule[]): Place {
  const reference = formatReference(parseReference(name));
  const rule = ruleFor(reference, rules);
  demandOpen(reference, rule);
  return rule ? placeOf(reference, rule, rules) : { reference, insecure: false };
}

function placeOf(reference: string, rule: RegistryRule, rules: readonly RegistryRule[]): Place {
  const { location, prefix, insecure } = rule;
  if (location === undefined || location === prefix) return { reference, insecure };
  const place = rewritten(reference, { prefix, location, insecure });
  demandOpen(place.reference, ruleFor(place.reference, rules));
  return { ...place, by: rule };
}

function rewritten(reference: string, rule: Pick<MirrorRule, 'prefix' | 'location' | 'insecure'>): Place {
  const length = matched(reference, rule.prefix) ?? 0;
  const place = `${rule.location}${reference.slice(length)}`;
  return { reference: formatReference(parseReference(place)), insecure: rule.insecure };
}

function demandOpen(reference: string, rule: RegistryRule | undefined): void {
  if (!rule?.blocked) return;
  throw cliError('ERR_REGISTRY_BLOCKED', `${reference} is not to be used: ${rule.from} blocks ${rule.prefix}`);
}

/**
 * How many characters of a full reference `prefix` stands for, where it is one. As in containers/image, a host without a port
 * also fits one with a port.
 */
function matched(reference: string, prefix: string): number | undefined {
  if (prefix === '*') return reference.indexOf('/');
  if (prefix.startsWith('*.')) {
    const host = /^(?:\[[^\]]*\]|[^:/]*)/.exec(reference)?.[0] ?? '';
    return host.endsWith(prefix.slice(1)) && host.length >= prefix.length ? host.length : undefined;
  }
  if (!reference.startsWith(prefix)) return undefined;
  return reference.length === prefix.length || /[/:@]/.test(reference[prefix.length] ?? '') ? prefix.length : undefined;
}
