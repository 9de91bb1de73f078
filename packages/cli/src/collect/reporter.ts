/**
 * Tells the controller what became of archives, beside the collecting, which it never holds up: what is owed is kept on disk first, and
 * tried until it is said or nobody asks for it.
 */
import { type CollectedReport, type ObjectName, readReport, reportCollected } from '@stillframe/controller/report';
import { type Digest, harmless, isCode, type Logger, messageOf, StillframeError } from '@stillframe/core';
import { parseArchiveName } from '@stillframe/kubelet/names';
import type { ClusterApi } from '@stillframe/kubernetes';
import type { FoundEvidence } from '../image/evidence.ts';
import type { FoundArchive } from './archives.ts';
import { backoff } from './backoff.ts';
import type { CollectorFigures } from './figures.ts';
import type { Findings } from './findings.ts';
import type { OwedReport, OwedReports } from './owed-reports.ts';
import type { Placed } from './record.ts';
import { fittingWanted } from './wanted-place.ts';

export interface ReporterOptions {
  readonly api: ClusterApi;
  /** As the cluster calls this node. */
  readonly node: string;
  readonly owed: OwedReports;
  readonly figures: CollectorFigures;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What is known of an archive that is where it belongs. */
export interface PlacedArchive {
  readonly digest: Digest;
  readonly placed: Placed;
  readonly evidence: FoundEvidence;
  readonly findings: Findings | undefined;
}

/** Milliseconds that one try may take. */
const PATIENCE = 15_000;
/** Milliseconds after which tries that are under way may be over. */
const SOON = 1000;
/** Characters that the fields of a Checkpoint have room for. */
const ROOM = { path: 4096, reference: 512, location: 1024, error: 1024 };

interface Tries {
  readonly failures: number;
  readonly next: number;
  readonly known?: ObjectName | undefined;
}

export class Reporter implements AsyncDisposable {
  readonly #options: ReporterOptions;
  readonly #tries = new Map<string, Tries>();
  /** What fails for all is tried with one alone. */
  #down = { failures: 0, until: 0 };
  /** What was told last of a failure that would meet all. */
  #told: string | undefined;
  #pass: Promise<void> | undefined;

  constructor(options: ReporterOptions) {
    this.#options = options;
    options.figures.owes(options.owed.count);
  }

  /** Keeps that this is to be told, and begins to. Throws the system's errors. */
  async placed(archive: FoundArchive, { digest, placed, evidence, findings }: PlacedArchive): Promise<void> {
    const { reference, destination, at } = placed;
    const pause = Math.round(evidence.truePause ?? Number.NaN);
    const isImage = !reference.startsWith('s3://') && reference.length <= ROOM.reference;
    await this.#owe(archive, evidence.container?.kubeNamespace, {
      ...{ digest, at, location: reference.length <= ROOM.location ? reference : destination },
      ...(isImage ? { reference } : {}),
      // Evidence may hold anything: a number that no Checkpoint takes must not keep an archive from being done with.
      ...(Number.isSafeInteger(pause) && pause >= 0 ? { pauseMicroseconds: pause } : {}),
      ...(findings ? { findings: findings.summary } : {}),
    });
  }

  /** The same of one that is not taken as it is. Logs what keeps it from being kept: the next start finds the archive again. */
  async refused(archive: FoundArchive, error: unknown): Promise<void> {
    const text = harmless(messageOf(error)).slice(0, ROOM.error);
    try {
      await this.#owe(archive, undefined, { error: text, at: new Date(this.#now()).toISOString() });
    } catch (failure) {
      this.#options.logger.log('warn', 'a report could not be kept', {
        name: archive.name,
        reason: messageOf(failure),
      });
    }
  }

  /** Begins with what is due, unless that is under way; never throws, nobody waits. */
  kick(): void {
    const { signal, logger } = this.#options;
    if (this.#pass || signal.aborted || this.#due().length === 0) return;
    this.#pass = this.#run()
      .catch((error: unknown) => {
        if (!signal.aborted) logger.log('error', 'reports cannot be made', { reason: messageOf(error) });
      })
      .finally(() => {
        this.#pass = undefined;
      });
  }

  /** Milliseconds after which a report is due, or it is worth asking again; undefined where none is owed. */
  get again(): number | undefined {
    const { owed } = this.#options;
    if (owed.count === 0) return undefined;
    if (this.#pass) return SOON;
    const times = owed.all().map((each) => this.#triesOf(each).next);
    return Math.max(0, Math.max(this.#down.until, Math.min(...times)) - this.#now());
  }

  /** Fulfilled once what was due has been tried. */
  async settled(): Promise<void> {
    await this.#pass;
    this.kick();
    await this.#pass;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pass;
  }

  async #owe(archive: FoundArchive, said: string | undefined, facts: Partial<CollectedReport>): Promise<void> {
    const { owed, figures, node } = this.#options;
    const { name, path, size, parsed } = archive;
    const spaces = [...new Set(parsed.addresses.map(({ kubeNamespace }) => kubeNamespace))];
    // Evidence chooses among what the name allows; it names no other namespace.
    const kubeNamespace = spaces.length === 1 ? spaces[0] : spaces.find((each) => each === said);
    const collected = readReport({
      ...{ node, archive: name, size, ...facts },
      ...(path.length <= ROOM.path ? { path } : {}),
    });
    this.#tries.delete(name);
    figures.reported('dropped', await owed.keep({ collected, kubeNamespace }));
    figures.owes(owed.count);
    this.kick();
  }

  async #run(): Promise<void> {
    const { signal, figures, owed } = this.#options;
    for (let [next] = this.#due(); next; [next] = this.#due()) {
      signal.throwIfAborted();
      await this.#attempt(next);
      figures.owes(owed.count);
    }
  }

  /** Those that were tried least first: one that fails again and again is in nobody's way. */
  #due(): OwedReport[] {
    const now = this.#now();
    if (now < this.#down.until) return [];
    const due = this.#options.owed.all().filter((each) => this.#triesOf(each).next <= now);
    return due.toSorted((a, b) => this.#triesOf(a).failures - this.#triesOf(b).failures);
  }

  #triesOf({ collected: { archive } }: OwedReport): Tries {
    return this.#tries.get(archive) ?? { failures: 0, next: 0 };
  }

  async #attempt(report: OwedReport): Promise<void> {
    const { api, owed, figures, logger, signal } = this.#options;
    const { collected, kubeNamespace } = report;
    const name = collected.archive;
    const pod = parseArchiveName(name)?.addresses[0]?.pod ?? '';
    const target = { pod, kubeNamespace, known: this.#triesOf(report).known };
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    try {
      const done = await reportCollected(api, collected, { ...target, signal: patience }, fittingWanted);
      if (this.#told !== undefined) logger.log('info', 'the controller is told again what became of archives');
      [this.#told, this.#down] = [undefined, { failures: 0, until: 0 }];
      if (done.end === 'later') return this.#later(report, done.known);
      if (done.end === 'told') logger.log('info', 'the controller was told', { name, checkpoints: done.checkpoints });
      figures.reported(done.end);
      this.#tries.delete(name);
      await owed.settle(report);
    } catch (error) {
      signal.throwIfAborted();
      this.#failed(report, error);
    }
  }

  #later(report: OwedReport, known: ObjectName | undefined): void {
    const failures = this.#triesOf(report).failures + 1;
    this.#tries.set(report.collected.archive, { failures, next: this.#now() + backoff(failures), known });
  }

  /** Said once, not at each try: a cluster without the kinds, or without the right, stays so for long. */
  #failed(report: OwedReport, error: unknown): void {
    const { figures, logger } = this.#options;
    figures.reported('failed');
    const reason = messageOf(error);
    const tries = this.#triesOf(report).failures;
    this.#later(report, this.#triesOf(report).known);
    if (isOfOne(error)) {
      if (tries === 0)
        logger.log('warn', 'a report could not be made; it is tried again', { name: report.collected.archive, reason });
      return;
    }
    const failures = this.#down.failures + 1;
    this.#down = { failures, until: this.#now() + backoff(failures) };
    const kind = StillframeError.is(error) ? error.code : 'no answer';
    if (this.#told === kind) return;
    this.#told = kind;
    logger.log('warn', 'the controller cannot be told what became of archives; it is tried again', {
      reason: isCode(error, 'ERR_CLUSTER_NOT_FOUND') ? `the cluster has no Checkpoints: ${reason}` : reason,
    });
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

/** Of the object alone: another report fares better. */
function isOfOne(error: unknown): boolean {
  return ['ERR_CLUSTER_CONFLICT', 'ERR_CLUSTER_REFUSED', 'ERR_CLUSTER_GONE', 'ERR_CONTROLLER_MANY'].some((code) =>
    isCode(error, code),
  );
}
