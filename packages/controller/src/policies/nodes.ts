/** Nodes that are being drained: cordoned a short while ago. */
import { at, type JsonObject, listAt, textAt } from '@stillframe/core';
import type { Store } from '../cache/store.ts';
import type { Clock } from '../clock.ts';

export interface NodeFacts {
  readonly name: string;
  readonly cordoned: boolean;
  /** Since when, in milliseconds, where its taint says so. */
  readonly since: number | undefined;
}

const TAINT = 'node.kubernetes.io/unschedulable';
/** Milliseconds after a cordon in which pods of the node are about to be evicted. */
const DRAIN = 600_000;

export function decodeNode(document: JsonObject): NodeFacts {
  const taint = listAt(document, 'spec', 'taints').find((each) => at(each, 'key') === TAINT);
  return {
    name: textAt(document, 'metadata', 'name'),
    cordoned: at(document, 'spec', 'unschedulable') === true,
    since: Date.parse(textAt(taint, 'timeAdded')) || undefined,
  };
}

/** Which nodes were cordoned when, as it was seen. One that is found cordoned counts only where its taint says that it is new. */
export class Drains {
  readonly #begun = new Map<string, number>();
  readonly #clock: Clock;

  /** `began`: a drain has just begun. */
  constructor(clock: Clock, nodes: Store<NodeFacts>, began: (node: string) => void) {
    this.#clock = clock;
    nodes.listen((name, now, before) => {
      if (!now?.cordoned) {
        this.#begun.delete(name);
        return;
      }
      if (before?.cordoned || this.#begun.has(name)) return;
      const begin = before ? clock.now() : now.since;
      if (begin === undefined || clock.now() - begin > DRAIN) return;
      this.#begun.set(name, begin);
      began(name);
    });
  }

  /** When the drain of a node began that is under way. */
  since(node: string): number | undefined {
    const begin = this.#begun.get(node);
    return begin !== undefined && this.#clock.now() - begin <= DRAIN ? begin : undefined;
  }
}
