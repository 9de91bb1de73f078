/** Terminal sizes out of a resize stream: JSON documents one after the other, in pieces of any size. */
import { type TerminalSize, terminalSize } from '@stillframe/runtime';

/** Characters kept of a document that has not ended. */
const LIMIT = 1024;

export class ResizeEvents {
  #rest = '';

  /** The sizes that are whole now; what is no size is passed over. */
  push(chunk: Uint8Array | string): TerminalSize[] {
    const text = this.#rest + Buffer.from(chunk).toString('latin1');
    const documents = text.match(/\{[^{}]*\}/g) ?? [];
    this.#rest = text.slice(text.lastIndexOf('}') + 1).slice(-LIMIT);
    return documents.flatMap((document) => sizeOf(document) ?? []);
  }
}

function sizeOf(document: string): TerminalSize | undefined {
  try {
    const { Width, Height } = JSON.parse(document) as { Width?: unknown; Height?: unknown };
    return terminalSize(Width, Height);
  } catch {
    // A client that sends nonsense keeps the size it has.
    return undefined;
  }
}
