/** Which plugin has set what, so that two that want the same thing are told, not merged by chance. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { harmless } from '@stillframe/core';
import { nriError } from '../errors.ts';
import { Field, type OwningPluginsSchema } from '../proto.ts';

/** A claim that was taken back: only the plugin that did so may make it anew. */
const CLEARED = '-';

const FIELD_NAMES = new Map<number, string>(Object.entries(Field).map(([name, number]) => [number, name]));

/** By container. A key is a field, or a field with one of its entries: an environment variable, a mount's destination. */
export class Owners {
  readonly #claims = new Map<string, Map<string, { field: Field; entry: string | undefined; owner: string }>>();

  /** Throws ERR_NRI_CONFLICT where another plugin has it. */
  claim(containerID: string, plugin: string, field: Field, entry?: string): void {
    const owner = this.#of(containerID).get(keyOf(field, entry))?.owner;
    const other = owner?.startsWith(CLEARED) ? owner.slice(CLEARED.length) : owner;
    if (other !== undefined && other !== plugin) {
      const what = `${FIELD_NAMES.get(field)}${entry === undefined ? '' : ` ${harmless(entry.slice(0, 256))}`}`;
      throw nriError('ERR_NRI_CONFLICT', `the NRI plugins ${other} and ${plugin} both set ${what}`, {
        details: { plugins: [other, plugin], field: FIELD_NAMES.get(field) },
      });
    }
    this.#of(containerID).set(keyOf(field, entry), { field, entry, owner: plugin });
  }

  /** Takes another plugin's claim away, in favour of `plugin` alone. */
  clear(containerID: string, plugin: string, field: Field, entry?: string): void {
    this.#of(containerID).set(keyOf(field, entry), { field, entry, owner: CLEARED + plugin });
  }

  /** Notes one more plugin for a field that several may add to. */
  share(containerID: string, plugin: string, field: Field): void {
    const before = this.#of(containerID).get(keyOf(field))?.owner;
    const owner = before === undefined ? plugin : `${before},${plugin}`;
    this.#of(containerID).set(keyOf(field), { field, entry: undefined, owner });
  }

  /** As validators are told. */
  message(): MessageInitShape<typeof OwningPluginsSchema> {
    return {
      owners: Object.fromEntries([...this.#claims].map(([id, claims]) => [id, fieldOwners([...claims.values()])])),
    };
  }

  #of(containerID: string) {
    const claims = this.#claims.get(containerID) ?? new Map();
    this.#claims.set(containerID, claims);
    return claims;
  }
}

const keyOf = (field: Field, entry?: string) => (entry === undefined ? String(field) : `${field} ${entry}`);

function fieldOwners(claims: readonly { field: Field; entry: string | undefined; owner: string }[]) {
  const simple: Record<number, string> = {};
  const compound: Record<number, { owners: Record<string, string> }> = {};
  for (const { field, entry, owner } of claims) {
    if (entry === undefined) simple[field] = owner;
    else {
      compound[field] ??= { owners: {} };
      compound[field].owners[entry] = owner;
    }
  }
  return { simple, compound };
}
