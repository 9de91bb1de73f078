/** What a detector of secrets is: an expression that finds candidates, and a function that says whether one is a secret. */

/** What a secret opens: rows are grouped by it. */
export const OPENS = [
  'cloud account',
  'cluster',
  'source code and packages',
  'secret store',
  'service',
  'private key',
  'account',
] as const;
export type Opens = (typeof OPENS)[number];

/** A candidate: bytes as Latin-1. */
export interface Candidate {
  readonly text: string;
  /** What stands around it, up to 512 bytes each way. */
  readonly before: string;
  readonly after: string;
  /** When the memory was as it is now, in milliseconds since 1970; undefined where unknown. */
  readonly capturedAt: number | undefined;
}

/** What makes a candidate a secret. */
export interface Verdict {
  /** The secret itself, without what stands around it. Never to be shown unasked. */
  readonly value: string;
  /** How sure: a checksum holds, its inside decodes, or it has the form alone. */
  readonly proof: 'checksum' | 'structure' | 'form';
  /** Why it may be none: an example of a documentation, a checksum that does not hold. */
  readonly doubt?: string | undefined;
  /** What is known beside the secret and is none itself, raw: whose it is, when it ends. */
  readonly facts?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Where the inside says more than the form. */
  readonly title?: string | undefined;
  readonly opens?: Opens | undefined;
  readonly rotate?: string | undefined;
}

/** One kind of secret. */
export interface Detector {
  readonly id: string;
  /** For people, in a few words. */
  readonly title: string;
  readonly opens: Opens;
  /** How it is made worthless, one sentence. */
  readonly rotate: string;
  /** JavaScript's over bytes; every match holds one of `anchors`. */
  readonly source: string;
  readonly anchors: readonly [string, ...string[]];
  /** Chosen by people, so that a digest of it could be guessed back: none is shown, nor how it begins. */
  readonly isPassword?: true | undefined;
  /** Finds what others find more exactly: they have the row then. */
  readonly isGeneral?: true | undefined;
  /** Undefined for what is no secret. Never throws, whatever the bytes. */
  verify(candidate: Candidate): Verdict | undefined;
}
