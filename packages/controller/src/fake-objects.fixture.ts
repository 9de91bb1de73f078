/** For tests alone: what an API server keeps, with versions, finalizers, status subresources, and a history that watches read. */
import { at, type JsonObject, listAt, textAt } from '@stillframe/core';
import { mergePatch } from '@stillframe/kubernetes/fixture';
import type { Clock } from './clock.ts';
import { timeText } from './clock.ts';

/** `resource` with its group before it where it has one: `stillframe.io/checkpoints`, `pods`. */
export interface Address {
  readonly resource: string;
  readonly kubeNamespace?: string | undefined;
  readonly name?: string | undefined;
  readonly sub?: string | undefined;
}

export interface Change {
  readonly version: number;
  readonly resource: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: JsonObject;
}

/** A no, as a Status has it. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export function addressOf(path: string): Address | undefined {
  const form = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+)(?:\/(.+))?)?$/;
  const [matched, group, kubeNamespace, plural = '', name, sub] = form.exec(path) ?? [];
  if (matched === undefined) return undefined;
  return { resource: group === undefined ? plural : `${group}/${plural}`, kubeNamespace, name, sub };
}

export class FakeObjects {
  readonly history: Change[] = [];
  /** Versions up to this one are forgotten. */
  compacted = 0;
  /** Changes that are remembered. */
  most = 20_000;
  onChange: (change: Change) => void = () => undefined;
  /** Throws for a document that the schema does not take. */
  judge: (resource: string, document: JsonObject) => void = () => undefined;
  #version = 100;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Map<string, JsonObject>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get version(): number {
    return this.#version;
  }

  all(resource: string, kubeNamespace?: string): JsonObject[] {
    const kept = [...(this.#kept.get(resource)?.values() ?? [])];
    return kubeNamespace === undefined
      ? kept
      : kept.filter((each) => textAt(each, 'metadata', 'namespace') === kubeNamespace);
  }

  get(address: Address): JsonObject {
    const found = this.#kept.get(address.resource)?.get(keyOf(address));
    if (found) return found;
    throw new Refusal(404, 'NotFound', `${address.resource} "${address.name}" not found`);
  }

  create(address: Address, body: JsonObject): JsonObject {
    const name = textAt(body, 'metadata', 'name');
    const full = { ...address, name };
    if (this.#kept.get(address.resource)?.has(keyOf(full))) {
      throw new Refusal(409, 'AlreadyExists', `${address.resource} "${name}" already exists`);
    }
    this.judge(address.resource, body);
    const metadata = {
      ...(body['metadata'] as JsonObject),
      uid: at(body, 'metadata', 'uid') ?? `uid-${this.#version + 1}`,
      generation: 1,
      creationTimestamp: timeText(this.#clock.now()),
    };
    return this.#store('ADDED', full, { ...body, metadata });
  }

  /** Whole, as PUT, or merged (RFC 7396); what a subresource is not about stays. */
  change(address: Address, body: JsonObject, how: 'replace' | 'merge'): JsonObject {
    const before = this.get(address);
    for (const field of ['resourceVersion', 'uid'] as const) {
      const wanted = at(body, 'metadata', field);
      if (wanted !== undefined && wanted !== at(before, 'metadata', field)) {
        throw new Refusal(409, 'Conflict', `Operation cannot be fulfilled: the ${field} does not match`);
      }
    }
    const merged = (how === 'merge' ? mergePatch(before, body) : { ...before, ...body }) as JsonObject;
    const isStatus = address.sub === 'status';
    const hasStatus = address.resource.startsWith('stillframe.io/');
    const kept = isStatus
      ? { ...before, status: merged['status'] }
      : { ...merged, ...(hasStatus ? { status: before['status'] } : {}) };
    const changed: JsonObject = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
    this.judge(address.resource, changed);
    if (same({ ...changed, metadata: undefined }, { ...before, metadata: undefined }) && isStatus) return before;
    const generation = Number(at(before, 'metadata', 'generation')) + (same(changed['spec'], before['spec']) ? 0 : 1);
    const metadata = { ...((isStatus ? before : changed)['metadata'] as JsonObject), generation };
    const gone = at(metadata, 'deletionTimestamp') !== undefined && listAt(metadata, 'finalizers').length === 0;
    return this.#store(gone ? 'DELETED' : 'MODIFIED', address, { ...changed, metadata });
  }

  remove(address: Address, uid?: unknown): JsonObject {
    const found = this.get(address);
    if (uid !== undefined && uid !== at(found, 'metadata', 'uid')) {
      throw new Refusal(409, 'Conflict', 'the UID in the precondition does not match');
    }
    if (listAt(found, 'metadata', 'finalizers').length === 0) return this.#store('DELETED', address, found);
    if (at(found, 'metadata', 'deletionTimestamp') !== undefined) return found;
    const metadata = { ...(found['metadata'] as JsonObject), deletionTimestamp: timeText(this.#clock.now()) };
    return this.#store('MODIFIED', address, { ...found, metadata });
  }

  /** Forgets all changes that were: who watches from then on must read all again. */
  compact(): void {
    this.#version += 1;
    this.compacted = this.#version;
    this.history.length = 0;
  }

  #store(type: Change['type'], address: Address, document: JsonObject): JsonObject {
    this.#version += 1;
    const metadata = { ...(document['metadata'] as JsonObject), resourceVersion: String(this.#version) };
    const object: JsonObject = { ...document, metadata };
    const kept = this.#kept.get(address.resource) ?? new Map<string, JsonObject>();
    this.#kept.set(address.resource, kept);
    if (type === 'DELETED') kept.delete(keyOf(address));
    else kept.set(keyOf(address), object);
    const change: Change = { version: this.#version, resource: address.resource, type, object };
    this.history.push(change);
    if (this.history.length > this.most) this.compacted = this.history.shift()?.version ?? this.compacted;
    this.onChange(change);
    return object;
  }
}

function keyOf({ kubeNamespace = '', name = '' }: Address): string {
  return `${kubeNamespace}/${name}`;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
