/** The one error class of the project: a stable code, a gRPC kind, a hint, structured details and the cause. */

/** The closed set of failure kinds, named as the gRPC status codes are (google.rpc.Code). */
export type ErrorKind =
  | 'cancelled'
  | 'unknown'
  | 'invalid-argument'
  | 'deadline-exceeded'
  | 'not-found'
  | 'already-exists'
  | 'permission-denied'
  | 'resource-exhausted'
  | 'failed-precondition'
  | 'aborted'
  | 'out-of-range'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'data-loss'
  | 'unauthenticated';

/** What an error carries beside its message. `details` holds plain data only, so that it can be printed as JSON. */
export interface ErrorFacts {
  hint?: string;
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

const BRAND = Symbol.for('stillframe.error');

/** A failure that the caller can tell apart by `code` and act on by `hint`. Programmer errors are never of this class. */
export class StillframeError extends Error {
  /** Stable identifier, `ERR_<AREA>_<FACT>`; never reused for another fact. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** What to do next, a sentence or a command; undefined where nothing useful can be said. */
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, kind: ErrorKind, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.kind = kind;
    this.hint = facts.hint;
    this.details = facts.details ?? {};
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True for an error of any copy of this class, also one loaded twice. */
  static is(value: unknown): value is StillframeError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}
Object.defineProperty(StillframeError.prototype, 'name', { value: 'StillframeError', configurable: true });

/** One row of a package's error table: the kind, and the hint given when the place of failure knows no better one. */
export interface ErrorRow {
  kind: ErrorKind;
  hint?: string;
}

/**
 * Makes a package's error constructor from its table, so that its codes are a closed union.
 * The result only builds the error; the caller throws it, which keeps control flow visible. Its `rows` are the table.
 */
export function errorTable<Code extends `ERR_${string}`>(rows: Readonly<Record<Code, ErrorRow>>) {
  const build = (code: Code, message: string, facts: ErrorFacts = {}): StillframeError => {
    const row = rows[code];
    const hint = facts.hint ?? row.hint;
    return new StillframeError(code, row.kind, message, hint === undefined ? facts : { ...facts, hint });
  };
  return Object.assign(build, { rows });
}

/** Whether `value` is our error with this code. */
export function isCode(value: unknown, code: string): boolean {
  return StillframeError.is(value) && value.code === code;
}

/** The `code` of a Node.js system error (`ENOENT`, `ENOSPC`…), or undefined for anything else. */
export function systemCode(value: unknown): string | undefined {
  if (!(value instanceof Error) || !('code' in value)) return undefined;
  return typeof value.code === 'string' ? value.code : undefined;
}

/**
 * What was asked for, or undefined where that failed with one of `codes`: the system's, such as `ENOENT`, or ours. Any other
 * failure is thrown.
 */
export async function orAbsent<T>(asked: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (codes.includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

/**
 * What really failed. Where cleaning up failed as well, `await using` throws a SuppressedError around the first failure,
 * which is the one that tells what happened.
 */
export function unsuppressed(value: unknown): unknown {
  let error = value;
  while (error instanceof SuppressedError) error = error.suppressed;
  return error;
}

/** The text of anything thrown, without its stack. */
export function messageOf(value: unknown): string {
  const error = unsuppressed(value);
  return error instanceof Error ? error.message : String(error);
}
