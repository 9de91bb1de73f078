/** Reports that the controller is still to get: a small file each, which outlives the process, and the archive too. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CollectedReport, readReport } from '@stillframe/controller/report';
import { isObject } from '@stillframe/core';
import { TEMPORARY_PREFIX, writeTextAtomically } from '@stillframe/core/file';
import { isDnsLabel } from '@stillframe/kubelet/names';

/** What is to be said, and where. */
export interface OwedReport {
  readonly collected: CollectedReport;
  /** Undefined where the archive's name leaves it open and nothing else tells. */
  readonly kubeNamespace: string | undefined;
}

const KIND = 'OwedReport';
const FILE = '.json';
/** Bytes of one that is read. */
const LONGEST = 64 << 10;
/** Reports that are kept; beyond that the oldest go. */
const MOST = 10_000;

export class OwedReports {
  readonly #folder: string;
  /** By the archive's name: what is said last of it is said. */
  readonly #owed = new Map<string, OwedReport>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `state`: the collector's own folder, which is locked. Throws the system's errors. */
  static async open(state: string): Promise<OwedReports> {
    const folder = join(state, 'reports');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const reports = new OwedReports(folder);
    await reports.#load();
    return reports;
  }

  /** The oldest first. */
  all(): readonly OwedReport[] {
    const time = ({ collected: { at } }: OwedReport) => Date.parse(at ?? '') || 0;
    return [...this.#owed.values()].toSorted((a, b) => time(a) - time(b));
  }

  get count(): number {
    return this.#owed.size;
  }

  /** Keeps it, synced; how many older ones had to go for it. Throws the system's errors. */
  async keep(report: OwedReport): Promise<number> {
    const { archive } = report.collected;
    this.#owed.set(archive, report);
    const text = `${JSON.stringify({ kind: KIND, schemaVersion: 1, ...report })}\n`;
    await writeTextAtomically(this.#path(archive), text);
    if (this.count <= MOST) return 0;
    const over = this.all().slice(0, this.count - MOST);
    for (const each of over) await this.settle(each);
    return over.length;
  }

  /** Forgets it, unless another one of the same archive has come meanwhile. */
  async settle(report: OwedReport): Promise<void> {
    const { archive } = report.collected;
    if (this.#owed.get(archive) !== report) return;
    this.#owed.delete(archive);
    await rm(this.#path(archive), { force: true });
  }

  /** What was altered, or is of another version of this program, goes. */
  async #load(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      const sound = name.endsWith(FILE) && !name.startsWith(TEMPORARY_PREFIX) && (await stat(path)).size <= LONGEST;
      const report = sound ? decode(await readFile(path, 'utf8')) : undefined;
      if (report && this.#path(report.collected.archive) === path) this.#owed.set(report.collected.archive, report);
      else await rm(path, { force: true });
    }
  }

  #path(archive: string): string {
    return join(this.#folder, createHash('sha256').update(archive).digest('hex').slice(0, 32) + FILE);
  }
}

function decode(text: string): OwedReport | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || value['kind'] !== KIND || value['schemaVersion'] !== 1) return undefined;
    const { kubeNamespace, collected } = value;
    const known = typeof kubeNamespace === 'string' && isDnsLabel(kubeNamespace) ? kubeNamespace : undefined;
    return { collected: readReport(collected), kubeNamespace: known };
  } catch {
    return undefined;
  }
}
