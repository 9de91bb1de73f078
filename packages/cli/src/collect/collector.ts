/**
 * One look at the folder, and what is done for each archive in it: read, attested, put where it belongs, noted. Every step can be done
 * twice and is noted only once it is done, so that a kill anywhere loses nothing and leaves nothing double.
 */
import { openCheckpoint } from '@stillframe/checkpoint';
import { harmless, type Logger, messageOf } from '@stillframe/core';
import type { SigningKey } from '@stillframe/evidence';
import { type FoundArchive, listArchives } from './archives.ts';
import { attest } from './attest.ts';
import { backoff } from './backoff.ts';
import type { Destination, ReadyArchive } from './destination.ts';
import { faultOf } from './fault.ts';
import type { CollectorFigures, Standing } from './figures.ts';
import type { Findings } from './findings.ts';
import { pinArchive } from './pinned.ts';
import type { ArchiveRecord } from './record.ts';
import type { Reporter } from './reporter.ts';
import type { LocalRetention } from './retention.ts';
import type { StateFolder } from './state-folder.ts';

/** Milliseconds between looks at what may be removed, where nothing new was placed. */
const RETENTION = 60_000;

/**
 * Bytes that a compressed archive may come to, which lie twice below $TMPDIR while it is read. Kubelets have none compressed; one that
 * fills the disk of a node, or has its pod thrown out for that, is somebody's attack.
 */
const DECOMPRESSED = 4 * 2 ** 30;

export interface CollectorOptions {
  readonly folder: string;
  readonly state: StateFolder;
  readonly destination: Destination;
  /** Milliseconds that an archive must have been left alone. */
  readonly settle: number;
  /** Bytes that a compressed archive may come to; 4 GiB by default. */
  readonly decompressed?: number;
  readonly user: string;
  readonly node: string | undefined;
  readonly key: SigningKey | undefined;
  readonly retention: LocalRetention | undefined;
  /** Notes in the chain of custody beside an archive that it is being opened; nothing where the folder may not be written. */
  readonly note: (path: string) => Promise<void>;
  /** Judges an archive by rules; undefined where nobody asked for that. */
  readonly judge: ((archive: ReadyArchive) => Promise<Findings>) | undefined;
  /** Tells the controller what became of each; undefined where nobody asked for that. */
  readonly reporter: Reporter | undefined;
  readonly figures: CollectorFigures;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What one look gave. */
export interface Look {
  /** Archives that were placed in it. */
  readonly placed: number;
  readonly standings: readonly (Standing & { readonly name: string })[];
  /** Milliseconds after which another one has something to do; undefined where only a change of the folder would. */
  readonly again: number | undefined;
}

/** What is remembered of an archive that stays, until it is another one. */
interface Trouble {
  readonly version: string;
  readonly state: Standing['state'];
  readonly failures: number;
  /** Milliseconds since 1970; infinite for what is not tried again. */
  readonly next: number;
}

export class Collector {
  readonly #options: CollectorOptions;
  readonly #troubles = new Map<string, Trouble>();
  /** Failures in a row that any archive would have met, and until when none is tried. */
  #down = { failures: 0, until: 0 };
  /** When retention was last applied. */
  #retained = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Throws the system's error where the folder cannot be read, and the reason of the signal. */
  async look(): Promise<Look> {
    const { folder, state, figures, logger, signal, retention, reporter } = this.#options;
    reporter?.kick();
    const { archives, more } = await listArchives(folder);
    if (more) logger.log('warn', 'there are more archives than are looked at in one go', { looked: archives.length });
    const gone = await state.forgetAllBut(archives);
    figures.lost(gone.length);
    for (const record of gone) await this.#lost(record);
    for (const [name, { version }] of this.#troubles)
      if (!archives.some((each) => each.name === name && each.version === version)) this.#troubles.delete(name);
    let placed = 0;
    const standings: (Standing & { name: string })[] = [];
    // One that fails again and again is not to be in the way of others.
    const inOrder = archives.toSorted((a, b) => this.#failuresOf(a) - this.#failuresOf(b));
    for (const archive of inOrder) {
      signal.throwIfAborted();
      figures.alive();
      const before = this.#standing(archive);
      const now = before === 'due' ? await this.#collect(archive) : before;
      if (before === 'due' && now === 'placed') placed += 1;
      standings.push({ name: archive.name, state: now, size: archive.size, time: archive.parsed.time });
    }
    figures.looked(standings);
    if (retention && (placed > 0 || Date.now() - this.#retained > RETENTION)) {
      this.#retained = Date.now();
      await retention.apply(archives.filter((each) => this.#isPlaced(each)));
    }
    const again = [this.#again(archives), reporter?.again].filter((each) => each !== undefined);
    return { placed, standings, again: again.length === 0 ? undefined : Math.min(...again) };
  }

  async #lost({ name, digest, upload }: ArchiveRecord): Promise<void> {
    const { destination, logger, signal } = this.#options;
    logger.log('warn', 'an archive went before it was pushed', { name, digest });
    if (upload?.destination !== destination.text) return;
    // What stays of it goes by the bucket's own rules.
    await destination.abandon?.(upload, signal).catch((error: unknown) => {
      logger.log('warn', 'an upload is left half done', { name, reason: messageOf(error) });
    });
  }

  #isPlaced(archive: FoundArchive): boolean {
    return this.#options.state.recordOf(archive)?.placed?.destination === this.#options.destination.text;
  }

  #failuresOf({ name }: FoundArchive): number {
    return this.#troubles.get(name)?.failures ?? 0;
  }

  #standing(archive: FoundArchive): Standing['state'] | 'due' {
    if (this.#isPlaced(archive)) return 'placed';
    const now = Date.now();
    if (now < archive.changed + this.#options.settle) return 'waiting';
    const trouble = this.#troubles.get(archive.name);
    if (trouble && now < trouble.next) return trouble.state;
    return now < this.#down.until ? (trouble?.state ?? 'waiting') : 'due';
  }

  async #collect(archive: FoundArchive): Promise<Standing['state']> {
    const { logger, figures, signal } = this.#options;
    const { name, size } = archive;
    try {
      const reference = await this.#place(archive);
      this.#troubles.delete(name);
      this.#down = { failures: 0, until: 0 };
      figures.placed(size);
      logger.log('info', 'archive pushed', { name, size, reference });
      return 'placed';
    } catch (error) {
      signal.throwIfAborted();
      const kind = this.#failed(archive, error);
      if (kind === 'refused') await this.#options.reporter?.refused(archive, error);
      return kind;
    }
  }

  async #place(archive: FoundArchive): Promise<string> {
    const { state, destination, signal, figures, reporter } = this.#options;
    const { name } = archive;
    const onProgress = () => figures.alive();
    await using pinned = await pinArchive(archive);
    const decompression = { bytes: this.#options.decompressed ?? DECOMPRESSED };
    await using checkpoint = await openCheckpoint(pinned.path, { signal, label: harmless(name), decompression });
    const { record, evidence } = await attest(
      archive,
      { path: pinned.path, checkpoint },
      { ...this.#options, onProgress },
    );
    await pinned.demandSame();
    const keepUpload = async (upload: typeof record.upload) => {
      const { upload: _before, ...rest } = record;
      await state.keep(upload ? { ...rest, upload } : rest);
    };
    const { digest, upload } = record;
    const ready = { name, path: pinned.path, checkpoint, size: archive.size, digest, evidence, upload };
    const placed = await destination.place(ready, { signal, onProgress, keepUpload });
    const { upload: _upload, judging, ...rest } = record;
    const findings = await this.#judge(ready, { ...rest, ...(judging ? { judging } : {}) });
    // Owed before the record says that nothing is left to do: a kill between the two has it said twice, never not at all.
    await reporter?.placed(archive, { digest, placed, evidence, findings });
    await state.keep({ ...rest, placed });
    return placed.reference;
  }

  /** What rules cannot cope with is pushed all the same; what ended the process at it is not judged a second time. */
  async #judge(ready: ReadyArchive, record: ArchiveRecord): Promise<Findings | undefined> {
    const { judge, state, destination, logger, signal } = this.#options;
    const { name } = ready;
    if (!judge) return undefined;
    if (record.judging) {
      logger.log('error', 'an earlier run ended while it judged this archive; it is not judged again', { name });
      return undefined;
    }
    await state.keep({ ...record, judging: true });
    try {
      const findings = await judge(ready).catch((error: unknown) => {
        signal.throwIfAborted();
        logger.log('error', 'an archive could not be judged', { name, reason: messageOf(error) });
        return undefined;
      });
      if (!findings) return undefined;
      await destination.placeFindings(ready, findings, signal);
      logger.log('info', 'archive judged', { name, findings: findings.count, worst: findings.worst ?? 'none' });
      return findings;
    } finally {
      await state.keep(record);
    }
  }

  #failed(archive: FoundArchive, error: unknown): Standing['state'] {
    const { logger, figures } = this.#options;
    const { name, version } = archive;
    const fault = faultOf(error);
    const failures = (this.#troubles.get(name)?.failures ?? 0) + 1;
    const wait = fault.kind === 'refused' ? Number.POSITIVE_INFINITY : backoff(failures);
    this.#troubles.set(name, { version, state: fault.kind, failures, next: Date.now() + wait });
    const told = { name, reason: messageOf(error), tries: failures };
    const again = fault.kind === 'refused' ? {} : { nextTrySeconds: Math.round(wait / 1000) };
    if (fault.kind === 'failed') {
      figures.failed('elsewhere');
      if (fault.everywhere) {
        const down = this.#down.failures + 1;
        this.#down = { failures: down, until: Date.now() + backoff(down) };
      }
      logger.log('error', 'an archive could not be pushed; it stays', { ...told, ...again });
    } else {
      figures.failed('archive');
      const message = fault.kind === 'refused' ? 'an archive is not taken; it stays' : 'an archive is not finished';
      logger.log(fault.kind === 'refused' ? 'error' : 'warn', message, { ...told, ...again });
    }
    return fault.kind;
  }

  #again(archives: readonly FoundArchive[]): number | undefined {
    const now = Date.now();
    const times = archives
      .filter((each) => !this.#isPlaced(each))
      .map(({ name, changed }) =>
        Math.max(changed + this.#options.settle, this.#troubles.get(name)?.next ?? 0, this.#down.until),
      )
      .filter(Number.isFinite);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - now);
  }
}
