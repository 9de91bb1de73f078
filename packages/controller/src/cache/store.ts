/** What is known of a list in the cluster: the newest of each object, found by key or by an index. */

/** What is told of a change: `now` is undefined for what went, `before` for what came. */
export type Listener<T> = (key: string, now: T | undefined, before: T | undefined) => void;

/** The name of an index, and which group of it an object is in. */
type Indexes<T> = Readonly<Record<string, (value: T) => string | undefined>>;

export class Store<T> {
  readonly #values = new Map<string, T>();
  readonly #groups = new Map<string, Map<string, Set<string>>>();
  readonly #indexes: Indexes<T>;
  readonly #listeners = new Set<Listener<T>>();

  constructor(indexes: Indexes<T> = {}) {
    this.#indexes = indexes;
    for (const name of Object.keys(indexes)) this.#groups.set(name, new Map());
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  values(): IterableIterator<T> {
    return this.#values.values();
  }

  /** All of one group of an index. */
  group(index: string, group: string): readonly T[] {
    const keys = this.#groups.get(index)?.get(group) ?? [];
    return [...keys].flatMap((key) => this.#values.get(key) ?? []);
  }

  /** What is answered ends it. */
  listen(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  put(key: string, value: T): void {
    const before = this.#values.get(key);
    this.#index(key, before, value);
    this.#values.set(key, value);
    for (const listener of this.#listeners) listener(key, value, before);
  }

  remove(key: string): void {
    const before = this.#values.get(key);
    if (before === undefined) return;
    this.#index(key, before, undefined);
    this.#values.delete(key);
    for (const listener of this.#listeners) listener(key, undefined, before);
  }

  #index(key: string, before: T | undefined, now: T | undefined): void {
    for (const [name, groups] of this.#groups) {
      const groupOf = this.#indexes[name];
      const [old, fresh] = [before, now].map((value) => (value === undefined ? undefined : groupOf?.(value)));
      if (old === fresh) continue;
      if (old !== undefined) {
        const members = groups.get(old);
        members?.delete(key);
        if (members?.size === 0) groups.delete(old);
      }
      if (fresh === undefined) continue;
      const members = groups.get(fresh) ?? new Set();
      groups.set(fresh, members.add(key));
    }
  }
}
