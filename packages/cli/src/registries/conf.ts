/** One file in the format of containers-registries.conf(5), version 2, or its old one where that says something that still holds. */
import { messageOf } from '@stillframe/core';
import { ConfigFault, flag, group, list, oneOf, type Read, type Reader } from '@stillframe/core/schema';
import { isRegistry, namesRegistry } from '@stillframe/oci';
import { parse, TomlError } from 'smol-toml';
import { cliError } from '../usage.ts';
import { lineOf } from './conf-line.ts';
import type { RegistryRule } from './rules.ts';

const MOST_RULES = 10_000;

/** A text that may be empty, as files that programs wrote have them. */
const place: Reader<string> = (value, where) => {
  if (typeof value !== 'string') throw new ConfigFault(`${where} is not a text`);
  if (/^https?:\/\//.test(value)) throw new ConfigFault(`${where} is a URL; write host[:port][/path] alone`);
  return value.replace(/\/+$/, '');
};

const use = oneOf('', 'all', 'digest-only', 'tag-only');

/** A file of others, who may write more into it. */
const OTHERS = { others: 'ignored' } as const;
const registry = group(
  {
    prefix: place,
    location: place,
    insecure: flag,
    blocked: flag,
    'mirror-by-digest-only': flag,
    'pull-from-mirror': use,
    mirror: list(group({ location: place, insecure: flag, 'pull-from-mirror': use }, OTHERS)),
  },
  OTHERS,
);

const lists = group({ registries: list(place) }, OTHERS);

/** What is not read here, such as the search for short names, is passed over: our references name their registry. */
const schema = group(
  {
    registry: list(registry),
    /** Version 1. */
    registries: group({ insecure: lists, block: lists }, OTHERS),
  },
  OTHERS,
);

type Registry = Read<typeof registry>;

/**
 * The rules of a file. Throws ERR_REGISTRIES_CONF with the file, and the line where one is at fault. `dropIn`: a file of
 * registries.conf.d, which must be of version 2.
 */
export function parseRegistriesConf(text: string, path: string, { dropIn = false } = {}): RegistryRule[] {
  try {
    const { registry: tables = [], registries: old = {} } = schema(parse(text), '');
    const insecure = old.insecure?.registries ?? [];
    const blocked = old.block?.registries ?? [];
    const outdated = insecure.length + blocked.length > 0;
    if (outdated && (dropIn || tables.length > 0))
      throw new ConfigFault('registries is of version 1 of this format, which does not go with [[registry]]');
    if (tables.length > MOST_RULES) throw new ConfigFault(`registry has more than ${MOST_RULES} tables`);
    const rules = tables.map((table, index) => ruleOf(table, `registry[${index}]`, path));
    demandOneMind(rules);
    const converted = [...new Set([...insecure, ...blocked])].map((location) =>
      ruleOf(
        { location, insecure: insecure.includes(location), blocked: blocked.includes(location) },
        'registries',
        path,
      ),
    );
    // The first of a prefix counts.
    return [...new Map([...rules, ...converted].reverse().map((rule) => [rule.prefix, rule])).values()].reverse();
  } catch (cause) {
    throw broken(text, path, cause);
  }
}

function ruleOf(table: Registry, where: string, from: string): RegistryRule {
  const { location = '', insecure = false, blocked = false } = table;
  const prefix = table.prefix || location;
  if (prefix === '') throw new ConfigFault(`${where} has neither a prefix nor a location`);
  const wild = prefix.startsWith('*.');
  if (prefix.includes('*') && !(wild && isRegistry(prefix.slice(2)) && !prefix.includes(':')))
    throw new ConfigFault(`${where}.prefix: a * stands only before a host without a port, as in *.example.com`);
  if (location === '' && !wild)
    throw new ConfigFault(`${where} has no location, which only a prefix *.host goes without`);
  if (location !== '' && location !== prefix) demandHost(location, `${where}.location`);
  if (!wild) demandHost(prefix, `${where}.${table.prefix ? 'prefix' : 'location'}`);
  if (table['pull-from-mirror']) throw new ConfigFault(`${where}.pull-from-mirror belongs into a [[registry.mirror]]`);
  const byDigest = table['mirror-by-digest-only'] ?? false;
  const mirrors = (table.mirror ?? []).map((mirror, index) => {
    const at = `${where}.mirror[${index}]`;
    if (!mirror.location) throw new ConfigFault(`${at} has no location`);
    demandHost(mirror.location, `${at}.location`);
    const own = mirror['pull-from-mirror'];
    if (byDigest && own) throw new ConfigFault(`${at}.pull-from-mirror does not go with mirror-by-digest-only`);
    const wanted = byDigest ? 'digest-only' : own || 'all';
    return { prefix, location: mirror.location, insecure: mirror.insecure ?? false, use: wanted };
  });
  const target = location === '' || location === prefix ? undefined : location;
  return { prefix, location: target, insecure, blocked, mirrors, fallback: true, from };
}

/** A name without a host would be taken for one on docker.io. */
function demandHost(place: string, where: string): void {
  const [host = ''] = place.split('/');
  if (isRegistry(host) && namesRegistry(`${host}/x`)) return;
  throw new ConfigFault(`${where} begins with no host: ${JSON.stringify(place.slice(0, 255))}`);
}

/** As containers/image has it: one place cannot be trusted by one table and not by another of the same file. */
function demandOneMind(rules: readonly RegistryRule[]): void {
  const seen = new Map<string, RegistryRule>();
  for (const [index, rule] of rules.entries()) {
    const at = rule.location ?? rule.prefix;
    const before = seen.get(at) ?? rule;
    for (const key of ['insecure', 'blocked'] as const)
      if (before[key] !== rule[key])
        throw new ConfigFault(`registry[${index}].${key} says another thing of ${at} than before`);
    seen.set(at, before);
  }
}

function broken(text: string, path: string, cause: unknown) {
  const message = messageOf(cause).split('\n')[0] ?? '';
  const line =
    cause instanceof TomlError ? cause.line : cause instanceof ConfigFault ? lineOf(text, message) : undefined;
  const at = line === undefined ? path : `${path}:${line}`;
  return cliError('ERR_REGISTRIES_CONF', `${at}: ${message}`, { cause, details: { path, line } });
}
