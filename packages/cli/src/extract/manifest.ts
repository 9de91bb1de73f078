/** `extracted.json`: every file that was taken out with its hash, and of every other why it was not. */
import type { FileHandle } from 'node:fs/promises';
import type { Checkpoint, ExtractedFile, ExtractionFolder, Holder } from '@stillframe/checkpoint';
import { hexAddress } from '@stillframe/core';
import { renderJsonPart } from '../display/json.ts';

/** Its name in the folder. */
export const MANIFEST = 'extracted.json';
const KIND = 'ExtractedFileList';
const SCHEMA_VERSION = 1;
/** Text that is gathered before it is written. */
const BATCH = 1 << 16;

/** Written as the files come, for there may be a million of them. */
export class Manifest implements AsyncDisposable {
  readonly #file: FileHandle;
  #text: string;
  #isFirst = true;

  private constructor(file: FileHandle, head: string) {
    this.#file = file;
    this.#text = head;
  }

  static async begin(folder: ExtractionFolder, { archive, metadata }: Checkpoint): Promise<Manifest> {
    const { engine, container, checkpointed } = metadata;
    const about = { source: archive.label, bytes: archive.bytes?.size, engine, container, checkpointed };
    const head = renderJsonPart({ kind: KIND, schemaVersion: SCHEMA_VERSION, checkpoint: about });
    return new Manifest(await folder.create(MANIFEST), `${head.slice(0, -1)},"files":[`);
  }

  async add(file: ExtractedFile): Promise<void> {
    this.#text += `${this.#isFirst ? '' : ','}\n${renderJsonPart(fileView(file))}`;
    this.#isFirst = false;
    if (this.#text.length > BATCH) await this.#flush();
  }

  /** `rest`: what stands behind the files. */
  async end(rest: object): Promise<void> {
    this.#text += `\n],${renderJsonPart(rest).slice(1)}\n`;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#file.writeFile(this.#text);
    this.#text = '';
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#file.close();
  }
}

function fileView({ holders, ...file }: ExtractedFile): object {
  return { ...file, holders: holders.map(holderView) };
}

/** Addresses as `0x…`. */
export function holderView(holder: Holder): object {
  if (!('start' in holder)) return holder;
  return { ...holder, start: hexAddress(holder.start), end: hexAddress(holder.end) };
}
