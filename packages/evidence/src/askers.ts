/** Who asked for a capture. */

export interface CaptureAsker {
  user: string;
  /** Whether whoever took the request had proof of the name; else it is what the asker says. */
  authenticated: boolean;
  /** RFC 3339. */
  time: string;
  /** Machine that it was asked on. */
  host?: string;
  /** Address of a request that came over a network. */
  from?: string;
  /** Of the request in the audit log. */
  auditID?: string;
  /** It had gone before there was an answer. */
  left?: true;
}

/** Askers that are told one by one: whoever asks again and again must not make evidence that is too large to be read. */
export const MOST_ASKERS = 256;

/** As the statement has it: beyond the first, their number. */
export function askersOf(askedBy: readonly CaptureAsker[] | undefined): {
  askedBy?: readonly CaptureAsker[];
  askerCount?: number;
} {
  if (!askedBy || askedBy.length === 0) return {};
  if (askedBy.length <= MOST_ASKERS) return { askedBy };
  return { askedBy: askedBy.slice(0, MOST_ASKERS), askerCount: askedBy.length };
}
