/** The audit log: JSON lines in a file that is rotated by its size. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { orAbsent, systemFact } from '@stillframe/core';
import { kubeletError } from '../errors.ts';
import type { AuditEvent } from './event.ts';

export interface AuditLogOptions {
  /** Absolute path; its folder is made with mode 0700 when absent, the file has 0600. */
  readonly path: string;
  /** Bytes after which the file is put aside; 64 MiB by default. */
  readonly maxBytes?: number | undefined;
  /** Files put aside that are kept, `.1` the newest; 8 by default. */
  readonly keep?: number | undefined;
}

/** Takes events one after the other. */
export class AuditLog {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;

  constructor({ path, maxBytes = 64 << 20, keep = 8 }: AuditLogOptions) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
  }

  /** Resolves when the event stands in the file. Throws ERR_KUBELET_AUDIT where it cannot be written. */
  async write(event: AuditEvent): Promise<void> {
    this.#waiting.push(`${JSON.stringify(event)}\n`);
    // What comes while a batch is written goes out with the next one.
    await this.#writing?.catch(() => undefined);
    this.#writing ??= this.#flush().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    try {
      // Opened for each batch, so that whoever moves the file away is given a new one.
      await using file = await this.#open();
      const { size } = await file.stat();
      const bytes = Buffer.from(lines.join(''));
      if (size > 0 && size + bytes.length > this.#maxBytes) {
        await this.#rotate();
        await using fresh = await this.#open();
        return await append(fresh, bytes, 0);
      }
      await append(file, bytes, size);
    } catch (cause) {
      throw kubeletError('ERR_KUBELET_AUDIT', `the audit log ${this.#path} ${systemFact(cause)}`, { cause });
    }
  }

  async #open(): Promise<FileHandle> {
    const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;
    const file = await orAbsent(open(this.#path, flags, 0o600), 'ENOENT');
    if (file) return file;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    return open(this.#path, flags, 0o600);
  }

  async #rotate(): Promise<void> {
    for (let number = this.#keep; number >= 1; number--) {
      const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      await orAbsent(rename(from, `${this.#path}.${number}`), 'ENOENT');
    }
    if (this.#keep === 0) await (await open(this.#path, 'w')).close();
  }
}

/** Appends everything, or nothing: half a line would spoil the next one. */
async function append(file: FileHandle, bytes: Buffer, size: number): Promise<void> {
  try {
    await file.appendFile(bytes);
  } catch (error) {
    await file.truncate(size).catch(() => undefined);
    throw error;
  }
}
