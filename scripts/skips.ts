/** The ledger of skips: expected-skips.txt against what a run of the tests skipped. */
import { isCapability, missingCapability } from '@stillframe/testkit';

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
export function parseSkips(text: string): ListedSkip[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const bar = line.lastIndexOf('|');
      return { name: line.slice(0, Math.max(bar, 0)).trim(), capability: line.slice(bar + 1).trim() };
    });
}

/**
 * What is wrong with the skips, a sentence each: one that is not listed, one whose capability is there after all, and
 * a line of the ledger for which nothing stands. `whole` says that every test was run, so that a missing one is known.
 */
export function skipFaults(
  listed: readonly ListedSkip[],
  outcomes: readonly Outcome[],
  whole: boolean,
  missing: (capability: string) => boolean = isMissing,
): string[] {
  const faults: string[] = [];
  for (const { name, skip } of outcomes) {
    if (skip === undefined) continue;
    const capability = /^needs ([a-z-]+): /.exec(skip)?.[1];
    if (capability === undefined) faults.push(`skipped without a capability it lacks: ${name} (${skip})`);
    else if (!listed.some((line) => nameOf(line) === name && line.capability === capability)) {
      faults.push(`skipped and not in expected-skips.txt: ${name} | ${capability}`);
    } else if (!missing(capability)) faults.push(`skipped although ${capability} is here: ${name}`);
  }
  for (const { name, capability } of listed) {
    if (!isCapability(capability)) faults.push(`expected-skips.txt names no capability: ${name} | ${capability}`);
    else if (whole) faults.push(...faultsOfLine(name, capability, outcomes, missing));
  }
  return faults;
}

function faultsOfLine(
  name: string,
  capability: string,
  outcomes: readonly Outcome[],
  missing: (capability: string) => boolean,
): string[] {
  const [own = [], ...suites] = name
    .split(' > ')
    .reverse()
    .map((part) => outcomes.filter((outcome) => outcome.name === part));
  if (suites.flat().some(({ skip }) => skip !== undefined)) return [];
  if (own.length === 0) return [`expected-skips.txt names a test that is not there: ${name}`];
  const ran = own.every(({ skip }) => skip === undefined);
  return ran && missing(capability) ? [`expected-skips.txt names a test that ran without ${capability}: ${name}`] : [];
}

function nameOf({ name }: ListedSkip): string {
  return name.slice(name.lastIndexOf(' > ') + 1).replace(/^> /, '');
}

function isMissing(capability: string): boolean {
  return !isCapability(capability) || missingCapability(capability) !== undefined;
}
