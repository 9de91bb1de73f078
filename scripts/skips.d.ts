/** One line of the ledger: `<test name> | <capability>`. */
export interface ListedSkip {
  /** `suite > test` for a test that is not even named where its whole suite is skipped. */
  name: string;
  capability: string;
}
/** How a test ended: `skip` is the reason it gave, undefined where it ran. */
export interface Outcome {
  name: string;
  skip: string | undefined;
}
/** Reads the ledger; empty lines and those that begin with # are left out. */
export declare function parseSkips(text: string): ListedSkip[];
/**
 * What is wrong with the skips, a sentence each: one that is not listed, one whose capability is there after all, and
 * a line of the ledger for which nothing stands. `whole` says that every test was run, so that a missing one is known.
 */
export declare function skipFaults(
  listed: readonly ListedSkip[],
  outcomes: readonly Outcome[],
  whole: boolean,
  missing?: (capability: string) => boolean,
): string[];
