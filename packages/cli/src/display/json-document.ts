/** A JSON document whose lists are written as their items are found: there may be more of them than memory holds. */
import { renderJson, renderJsonPart } from './json.ts';

/** Lists come one after the other; what is known only at the end comes last. */
export class JsonDocument {
  readonly #write: (data: string) => Promise<void>;
  #pending: string;
  #items = 0;
  #inList = false;

  constructor(kind: string, schemaVersion: number, write: (data: string) => Promise<void>) {
    this.#write = write;
    this.#pending = renderJson(kind, schemaVersion, {}).replace(/\n?\}\n$/, '');
  }

  /** Begins a list, also one that stays empty. */
  list(name: string): void {
    this.#pending += `${this.#closing()},\n  ${JSON.stringify(name)}: [`;
    this.#inList = true;
    this.#items = 0;
  }

  /** An item of the list begun last. */
  async item(value: object): Promise<void> {
    await this.#write(`${this.#pending}${this.#items === 0 ? '' : ','}\n    ${renderJsonPart(value)}`);
    this.#pending = '';
    this.#items += 1;
  }

  /** The last list's end, the fields of `rest`, and the document's end. */
  async end(rest: Readonly<Record<string, object | string | number | boolean>>): Promise<void> {
    const fields = Object.entries(rest).map(
      ([name, value]) => `,\n  ${JSON.stringify(name)}: ${renderJsonPart(value)}`,
    );
    await this.#write(`${this.#pending}${this.#closing()}${fields.join('')}\n}\n`);
  }

  #closing(): string {
    if (!this.#inList) return '';
    this.#inList = false;
    return this.#items === 0 ? ']' : '\n  ]';
  }
}
