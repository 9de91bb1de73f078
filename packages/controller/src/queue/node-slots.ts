/** One capture at a time on a node: a kubelet makes one after another, and a container stands still for each. */

export class NodeSlots {
  readonly #busy = new Set<string>();
  /** Keys in the order in which they came, by node. */
  readonly #waiting = new Map<string, Set<string>>();
  readonly #released: (key: string) => void;

  /** `released`: whose turn it is on a node that has become free. It may not want it any more, so others look again by themselves. */
  constructor(released: (key: string) => void) {
    this.#released = released;
  }

  isBusy(node: string): boolean {
    return this.#busy.has(node);
  }

  /** The node, until it is disposed of; undefined where another has it, and then `released` is called for the key. */
  take(node: string, key: string): Disposable | undefined {
    const waiting = this.#waiting.get(node) ?? new Set();
    if (this.#busy.has(node)) {
      this.#waiting.set(node, waiting.add(key));
      return undefined;
    }
    this.#busy.add(node);
    waiting.delete(key);
    return {
      [Symbol.dispose]: () => {
        this.#busy.delete(node);
        const others = this.#waiting.get(node);
        const [next] = others ?? [];
        if (next !== undefined) others?.delete(next);
        if (others?.size === 0) this.#waiting.delete(node);
        if (next !== undefined) this.#released(next);
      },
    };
  }
}
