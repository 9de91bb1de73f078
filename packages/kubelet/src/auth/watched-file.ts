/** A file that says who may come in or what they may do: read anew when it changes, and obeyed only while it is sound. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Logger, messageOf, systemFact } from '@stillframe/core';
import { kubeletError } from '../errors.ts';

/** Bytes of such a file. */
const SIZE_LIMIT = 4 << 20;

export interface WatchedFileOptions<T> {
  /** Absolute path. */
  readonly path: string;
  /** Permission bits that must not be set: 0o077 for secrets, 0o022 for what others may read but not write. */
  readonly forbidden: number;
  /** Makes sense of the text. What it throws is the fault of the file. */
  readonly parse: (text: string) => T;
  readonly logger: Logger;
}

interface State<T> {
  /** Tells one version of the file from the next. */
  readonly version: string;
  readonly value: T | undefined;
}

/** A file that was sound when it was opened. */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  #state: State<T> = { version: '', value: undefined };
  #reading: Promise<T | undefined> | undefined;

  private constructor(options: WatchedFileOptions<T>) {
    this.#options = options;
  }

  /** Throws ERR_KUBELET_FILE_UNSOUND for a file that is missing, open to others, too large or not understood. */
  static async open<T>(options: WatchedFileOptions<T>): Promise<WatchedFile<T>> {
    const file = new WatchedFile(options);
    await file.#refresh();
    return file;
  }

  /** What the file says now; undefined while it is not sound, which is logged once for each version of it. */
  current(): Promise<T | undefined> {
    this.#reading ??= this.#look().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #look(): Promise<T | undefined> {
    const before = this.#state.version;
    try {
      await this.#refresh();
    } catch (error) {
      const version = `unsound: ${messageOf(error)}`;
      this.#state = { version, value: undefined };
      if (version !== before)
        this.#options.logger.log('error', 'a file is no longer obeyed', { reason: messageOf(error) });
    }
    return this.#state.value;
  }

  async #refresh(): Promise<void> {
    const { path, forbidden, parse } = this.#options;
    const unsound = (fact: string, cause?: unknown, hint?: string) =>
      kubeletError('ERR_KUBELET_FILE_UNSOUND', `${path} ${fact}`, {
        ...{ cause, details: { path } },
        ...(hint === undefined ? {} : { hint }),
      });
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
      throw unsound(systemFact(cause), cause);
    });
    const { dev, ino, size, mtimeNs, ctimeNs, mode, uid } = await file.stat({ bigint: true });
    const version = [dev, ino, size, mtimeNs, ctimeNs].join(':');
    if (version === this.#state.version) return;
    if ((Number(mode) & 0o170000) !== 0o100000) throw unsound('is no regular file');
    if ((Number(mode) & forbidden) !== 0) {
      const bits = (Number(mode) & 0o777).toString(8).padStart(4, '0');
      const [what, chmod] = forbidden & 0o044 ? ['read', 'chmod 600'] : ['write', 'chmod go-w'];
      throw unsound(`has mode ${bits}, which lets others ${what} it`, undefined, `\`${chmod}\` closes it`);
    }
    const own = process.geteuid?.() ?? 0;
    if (Number(uid) !== 0 && Number(uid) !== own) throw unsound(`belongs to user ${uid}, who could change it`);
    if (size > SIZE_LIMIT) throw unsound(`is larger than ${SIZE_LIMIT} bytes`);
    // Some editors begin a file with a mark of its encoding, which would be part of the first token.
    const text = (await file.readFile('utf8')).replace(/^\ufeff/, '');
    try {
      this.#state = { version, value: parse(text) };
    } catch (cause) {
      throw unsound(`is not understood: ${messageOf(cause)}`, cause);
    }
  }
}
