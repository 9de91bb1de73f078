/** Secrets as they are found: one row each however often it stands somewhere, bounded in rows and places. */
import { createHash } from 'node:crypto';
import { type EvidenceReference, referenceText } from '../reference.ts';
import type { Detector, Opens, Verdict } from './detector.ts';

/** Where a secret stands. */
export interface SecretPlace {
  /** `memory`, `environment`, `arguments`, or the kind of `stillframe extract`. */
  readonly where: string;
  readonly reference: EvidenceReference;
  /** Path, or what is behind the memory; raw. */
  readonly name: string | undefined;
  readonly pid: number | undefined;
}

/** One distinct secret. Texts are raw; `value` is never to be shown unasked. */
export interface Secret extends Omit<Verdict, 'title' | 'opens' | 'rotate'> {
  readonly detector: string;
  readonly title: string;
  readonly opens: Opens;
  readonly rotate: string;
  readonly isPassword: boolean;
  /** Bytes of it. */
  readonly characters: number;
  /** 12 digits of its SHA-256; undefined for what people choose, which could be guessed back. */
  readonly fingerprint: string | undefined;
  /** Processes that have it, ascending. */
  readonly pids: readonly number[];
  /** The first of them, in the order of the search. */
  readonly places: readonly SecretPlace[];
  /** All of them. */
  readonly count: number;
}

interface Row {
  detector: Detector;
  verdict: Verdict;
  digest: string;
  places: Map<string, SecretPlace>;
  pids: Set<number>;
  count: number;
}

/** Distinct secrets that are kept, and places of each. */
const ROWS = 10_000;
const PLACES = 32;

export class SecretCollection {
  readonly #rows = new Map<string, Row>();
  readonly #most: number;
  /** Finds of secrets that had no more room. */
  omitted = 0;

  constructor(most = ROWS) {
    this.#most = most;
  }

  /** Takes one find; the same secret found by a more exact detector gets that one's name. */
  add(detector: Detector, verdict: Verdict, place: SecretPlace): void {
    const digest = createHash('sha256').update(verdict.value, 'latin1').digest('hex');
    let row = this.#rows.get(digest);
    if (row === undefined) {
      if (this.#rows.size >= this.#most) {
        this.omitted += 1;
        return;
      }
      row = { detector, verdict, digest, places: new Map(), pids: new Set(), count: 0 };
      this.#rows.set(digest, row);
    } else if (isMoreExact(detector, row.detector)) {
      Object.assign(row, { detector, verdict, places: new Map(), count: 0 });
    } else if (detector === row.detector && knows(verdict) > knows(row.verdict)) row.verdict = verdict;
    const key = referenceText(place.reference);
    if (place.pid !== undefined) row.pids.add(place.pid);
    // What a general detector finds of it the exact one finds as well.
    if (isMoreExact(row.detector, detector)) return;
    row.count += 1;
    if (row.places.size < PLACES) row.places.set(key, place);
  }

  /** By what they open, then doubted ones last, then by title; the same in every run. */
  secrets(order: readonly Opens[]): readonly Secret[] {
    const secrets = [...this.#rows.values()].map(secretOf);
    const rank = ({ opens, doubt }: Secret) => (doubt === undefined ? 0 : order.length) + order.indexOf(opens);
    return secrets
      .map((secret, at) => ({ secret, at }))
      .sort((a, b) => rank(a.secret) - rank(b.secret) || compare(a.secret.title, b.secret.title) || a.at - b.at)
      .map(({ secret }) => secret);
  }
}

function isMoreExact(one: Detector, other: Detector): boolean {
  return one.isGeneral !== true && other.isGeneral === true;
}

function knows({ facts = {} }: Verdict): number {
  return Object.values(facts).filter((fact) => fact !== false && fact !== undefined).length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function secretOf({ detector, verdict, digest, places, pids, count }: Row): Secret {
  const isPassword = detector.isPassword === true;
  return {
    ...verdict,
    detector: detector.id,
    title: verdict.title ?? detector.title,
    opens: verdict.opens ?? detector.opens,
    rotate: verdict.rotate ?? detector.rotate,
    isPassword,
    characters: verdict.value.length,
    fingerprint: isPassword ? undefined : digest.slice(0, 12),
    pids: [...pids].sort((a, b) => a - b),
    places: [...places.values()],
    count,
  };
}
