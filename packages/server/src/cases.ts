/** The checkpoints of a desk: those that it began with, and those that were taken from it. */
import { type CaseInput, DeskCase } from './case.ts';
import type { CaseName } from './contract/index.ts';

export class Cases {
  readonly #cases: DeskCase[] = [];
  /** Of the whole desk. */
  readonly #signal: AbortSignal;

  constructor(inputs: readonly CaseInput[], signal: AbortSignal) {
    this.#signal = signal;
    for (const input of inputs) this.add(input);
  }

  add(input: CaseInput): DeskCase {
    const added = new DeskCase(String(this.#cases.length), input, this.#signal);
    this.#cases.push(added);
    return added;
  }

  find(id: string | undefined): DeskCase | undefined {
    return this.#cases.find((each) => each.id === id);
  }

  names(): readonly CaseName[] {
    return this.#cases.map(({ id, name, what }) => ({ id, name, isRestorable: what !== undefined }));
  }
}
