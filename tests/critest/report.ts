/** What a run of critest says, held against known-failing.txt. */

export interface Spec {
  name: string;
  state: 'passed' | 'failed' | 'skipped';
  /** First line of why it failed or was skipped. */
  message: string;
}

export interface KnownRow {
  name: string;
  reason: string;
}

/** Ginkgo's JSON report, as far as it is read. */
interface Suite {
  SpecReports?: {
    ContainerHierarchyTexts?: string[] | null;
    LeafNodeType?: string;
    LeafNodeText?: string;
    State?: string;
    Failure?: { Message?: string };
  }[];
}

/** The specs of a report. Those that the filters left out, as benchmarks are, do not count. */
export function specsOf(document: unknown): Spec[] {
  const suites = document as Suite[];
  return suites.flatMap(({ SpecReports = [] }) =>
    SpecReports.flatMap((row) => {
      if (row.LeafNodeType !== 'It' || row.State === 'pending') return [];
      const message = row.Failure?.Message?.split('\n').find((line) => line.trim() !== '') ?? '';
      // Ginkgo skips by filters without a word; a spec that skips itself says why.
      if (row.State === 'skipped' && message === '') return [];
      const name = [...(row.ContainerHierarchyTexts ?? []), row.LeafNodeText ?? ''].join(' ');
      const state = row.State === 'passed' || row.State === 'skipped' ? row.State : 'failed';
      return [{ name, state, message: message.trim() }];
    }),
  );
}

/** Lines `name | reason`; `#` begins a comment. Throws Error for a line without a reason. */
export function parseKnown(text: string): KnownRow[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const at = line.lastIndexOf(' | ');
    if (at < 0) throw new Error(`known-failing.txt has a line without a reason: ${line}`);
    return { name: line.slice(0, at).trim(), reason: line.slice(at + 3).trim() };
  });
}

/** What a spec that skips itself may want, by its name; of these only the first three are the machine's and not the node's. */
const WANTED: Readonly<Record<string, RegExp>> = {
  AppArmor: /\bAppArmor\b/i,
  SELinux: /\bSELinux\b/i,
  systemd: /\bsystemd\b/i,
  NRI: /\bNRI\b/,
};

/** What is not there because of the machine. */
const OF_THE_MACHINE = ['AppArmor', 'SELinux', 'systemd'];

/** How many of `skipped` the node could do something about. */
export function ownSkips(skipped: Readonly<Record<string, number>>): number {
  const own = Object.entries(skipped).filter(([reason]) => !OF_THE_MACHINE.includes(reason));
  return own.reduce((sum, [, count]) => sum + count, 0);
}

/** Specs by outcome; those that skipped themselves by what they want, `something else` where that is nothing known. */
export function tally(specs: readonly Spec[]): { passed: number; failed: number; skipped: Record<string, number> } {
  const skipped: Record<string, number> = {};
  for (const { name } of specs.filter(({ state }) => state === 'skipped')) {
    const [reason = 'something else'] = Object.entries(WANTED).find(([, pattern]) => pattern.test(name)) ?? [];
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  }
  const count = (state: Spec['state']) => specs.filter((spec) => spec.state === state).length;
  return { passed: count('passed'), failed: count('failed'), skipped };
}

/** What fails without being known, and what is known as failing and passes. */
export function compare(specs: readonly Spec[], known: readonly KnownRow[]): { fresh: Spec[]; gone: KnownRow[] } {
  const names = new Set(known.map(({ name }) => name));
  const passed = new Set(specs.filter(({ state }) => state === 'passed').map(({ name }) => name));
  return {
    fresh: specs.filter(({ name, state }) => state === 'failed' && !names.has(name)),
    gone: known.filter(({ name }) => passed.has(name)),
  };
}
