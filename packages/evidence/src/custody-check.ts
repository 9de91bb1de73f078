/** Whether a chain of custody holds: each line names the one before, and signatures by known keys are theirs. */
import { type Digest, digestOf, harmless } from '@stillframe/core';
import { type CustodyEntry, custodyPayload, parseCustody } from './custody.ts';
import type { VerifyingKey } from './key.ts';
import { verifyEnvelope } from './verify.ts';

/** What is wrong, and in which line, from 1. */
export interface CustodyFault {
  line: number;
  message: string;
}

export interface CustodyReport {
  /** Lines that are entries. */
  entries: number;
  first: CustodyEntry | undefined;
  last: CustodyEntry | undefined;
  /** Digest of the last line: kept elsewhere, it shows that nothing was cut off since. */
  head: Digest | undefined;
  /** Lines whose writing was cut off; told, no fault. */
  torn: number[];
  faults: CustodyFault[];
  /** Entries by what is known of their signature. */
  signatures: { valid: number; unknown: number; none: number };
}

/** Faults, and torn lines, that are kept. */
const MOST = 100;

/** What the chain is said to be about, to compare with what its entries say. */
export interface CustodySubject {
  archive: Digest;
  statement: Digest;
}

/** Takes the lines of a chain, one after another. */
export class CustodyChecker {
  readonly #keys: readonly VerifyingKey[];
  readonly #subject: CustodySubject;
  readonly #report: CustodyReport = {
    entries: 0,
    first: undefined,
    last: undefined,
    head: undefined,
    torn: [],
    faults: [],
    signatures: { valid: 0, unknown: 0, none: 0 },
  };
  #line = 0;
  /** The line before was no entry: torn if the next one says so. */
  #noEntry = false;

  constructor(keys: readonly VerifyingKey[], subject: CustodySubject) {
    this.#keys = keys;
    this.#subject = subject;
  }

  /** `ended`: whether a newline ended the line, which can be missing from the last one alone. */
  accept(line: Uint8Array, ended: boolean): void {
    const report = this.#report;
    this.#line += 1;
    const entry = parseCustody(line);
    if (entry) this.#entry(entry);
    else if (this.#noEntry) this.#fault('is no entry', this.#line - 1);
    if (!entry && !ended) this.#torn(this.#line);
    this.#noEntry = !entry && ended;
    report.head = digestOf(line);
  }

  /** The report; the last line was taken. */
  end(): CustodyReport {
    if (this.#noEntry) this.#fault('is no entry');
    return this.#report;
  }

  #entry(entry: CustodyEntry): void {
    const report = this.#report;
    const { head = null } = report;
    if (this.#noEntry && entry.afterTorn) this.#torn(this.#line - 1);
    else if (this.#noEntry) this.#fault('is no entry', this.#line - 1);
    else if (entry.afterTorn) this.#fault('says that the line before was cut off, which is whole');
    if (entry.previous !== head) {
      const before =
        head === null
          ? 'does not begin the chain: lines before it are missing'
          : 'does not follow on the line before it: that was changed, or lines between were taken out';
      this.#fault(before);
    }
    this.#about(entry);
    this.#signature(entry);
    report.entries += 1;
    report.first ??= entry;
    report.last = entry;
  }

  #about({ archive, statement }: CustodyEntry): void {
    if (archive && archive.digest !== this.#subject.archive)
      this.#fault(`is about another archive, ${harmless(archive.name.slice(0, 200))} with digest ${archive.digest}`);
    else if (statement !== undefined && statement !== this.#subject.statement)
      this.#fault('was written when another statement lay beside the archive');
  }

  #signature(entry: CustodyEntry): void {
    const { signatures } = this.#report;
    if (!entry.signature) {
      signatures.none += 1;
      return;
    }
    const [checked] = verifyEnvelope({ ...custodyPayload(entry), signatures: [entry.signature] }, this.#keys);
    if (checked?.state === 'valid') signatures.valid += 1;
    else if (checked?.state === 'invalid') this.#fault(`has a signature that key ${checked.keyid} did not make`);
    else signatures.unknown += 1;
  }

  #torn(line: number): void {
    if (this.#report.torn.length < MOST) this.#report.torn.push(line);
  }

  #fault(message: string, line = this.#line): void {
    if (this.#report.faults.length < MOST) this.#report.faults.push({ line, message });
  }
}
