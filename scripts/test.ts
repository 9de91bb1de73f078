/**
 * `npm test`: generated code, types and lint (`--only-tests` leaves them out), and every test of the project, all out of one
 * queue, the longest files first (`scripts/test-order.ts`): one lab more at a time than there are processors, and one file
 * besides that only computes.
 * `npm test -- WORD…` runs only files whose path holds one of the words, `--name PATTERN` only tests of such a name.
 * A skip that expected-skips.txt does not list with the capability it lacks is a failure.
 */
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { linesOf, parts, runParts } from './parts.ts';
import { type Outcome, parseSkips, skipFaults } from './skips.ts';
import { inOrder, inProcesses, inTurn, isLab } from './test-order.ts';

const root = join(import.meta.dirname, '..');
const PATTERNS = ['{packages/*/src,tests,scripts,bench,deploy}/**/*.test.ts', 'setup/**/*.test.mjs'];
/** Lab tests wait for half of their time; each has its own node, and counts only what is its own. */
const LABS = availableParallelism() + 1;
/** Milliseconds for what one process runs. */
const LIMITS = { unit: 300_000, lab: 1_200_000 };
const PRELOAD = ['--import', join(root, 'scripts/plain-promises.ts')];
const TOGETHER = join(root, 'scripts/together.ts');
/** Processes whose times are told at the end of a whole run. */
const SLOWEST = 10;
/** The counts that node:test gives for a whole run, in the order in which it prints them. */
const COUNTS = ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;
type TestEvent = { type: string; data: Record<string, unknown> };

// Each test file is a process of its own: what one of them compiled and stripped of types the others need not. It is the
// folder in which the program itself keeps such code where nothing is said.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string' }, 'only-tests': { type: 'boolean', default: false } },
});
const files = inOrder(globSync(PATTERNS, { cwd: root }));
const chosen = files.filter((file) => positionals.length === 0 || positionals.some((word) => file.includes(word)));
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());
const counts: Counts = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
const outcomes: Outcome[] = [];
const whole = positionals.length === 0 && values.name === undefined;
const faults: string[] = [];
const times: { file: string; seconds: number }[] = [];
await pipeline(Readable.from(allEvents()), new spec(), process.stdout, { end: false });
const listed = parseSkips(textOf(join(root, 'expected-skips.txt')));
faults.push(...skipFaults(listed, outcomes, whole));
if (chosen.length === 0) faults.push(`no test file matches ${positionals.join(' ')}`);
if (stop.signal.aborted) faults.push('interrupted');
for (const fault of faults) process.stdout.write(`✖ ${fault}\n`);
const failed = counts.failed + counts.cancelled + faults.length;
process.stdout.write(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = failed > 0 ? 1 : 0;

/** What `npm run check` looks at, but for the architecture, which is among the tests. */
async function* look(): AsyncGenerator<TestEvent> {
  const lines: string[] = [];
  const note = (outcome: Parameters<typeof linesOf>[0]) => {
    lines.push(linesOf(outcome));
    if (!outcome.ok) faults.push(`${outcome.part.name} (see above)`);
  };
  await runParts(parts, note, stop.signal);
  for (const message of lines) yield { type: 'test:stdout', data: { message } };
}

/** The events of all files, those of one together and once it is through, with one closing summary. */
async function* allEvents(): AsyncGenerator<TestEvent> {
  const begin = performance.now();
  const jobsOf = (some: readonly string[]) => inProcesses(some, measuresItself).map((files) => () => eventsOf(files));
  const labs = { jobs: jobsOf(chosen.filter(isLab)), atOnce: LABS };
  const others = { jobs: jobsOf(chosen.filter((file) => !isLab(file))), atOnce: LABS };
  if (whole && !values['only-tests']) others.jobs.unshift(look);
  const [first] = [...labs.jobs, ...others.jobs];
  // A file that is run alone is heard as it goes.
  const alone = labs.jobs.length + others.jobs.length === 1;
  yield* alone && first ? first() : inTurn([labs, others], LABS + 1, stop.signal);
  const took = performance.now() - begin;
  yield { type: 'test:summary', data: { success: counts.failed === 0, counts, duration_ms: took, file: undefined } };
  for (const name of COUNTS)
    yield diagnostic(`${name.replace('passed', 'pass').replace('failed', 'fail')} ${counts[name]}`);
  yield diagnostic(`duration_ms ${took}`);
  if (!whole) return;
  const slowest = times.sort((one, other) => other.seconds - one.seconds).slice(0, SLOWEST);
  for (const { file, seconds } of slowest) yield diagnostic(`${seconds.toFixed(0).padStart(4)} s ${file}`);
}

/** Whether a file judges what its process takes, to which others would add. */
function measuresItself(file: string): boolean {
  return /process\.(?:memoryUsage|cpuUsage|resourceUsage)/.test(textOf(join(root, file)));
}

/** What one process runs. */
async function* eventsOf(some: readonly string[]): AsyncGenerator<TestEvent> {
  const [file = ''] = some;
  const timeout = isLab(file) ? LIMITS.lab : LIMITS.unit;
  const alone = { files: [join(root, file)], cwd: root, timeout, signal: stop.signal, execArgv: PRELOAD };
  const options = some.length === 1 ? alone : { ...alone, files: [TOGETHER], argv: [...some] };
  const begin = performance.now();
  const stream = run(values.name === undefined ? options : { ...options, testNamePatterns: [values.name] });
  for await (const event of stream as AsyncIterable<TestEvent>) {
    if (event.type === 'test:summary' && event.data['file'] === undefined) {
      addCounts(event.data['counts'] as Counts);
      continue;
    }
    if (event.type === 'test:pass' || event.type === 'test:fail') note(event.data);
    // Each file's own closing figures; the sum comes at the end, as does what failed.
    if (event.type === 'test:diagnostic' && isClosing(event.data)) continue;
    yield event;
  }
  const told = some.length === 1 ? file : `${file} and ${some.length - 1} others of its package`;
  times.push({ file: told, seconds: (performance.now() - begin) / 1000 });
}

function addCounts(some: Counts): void {
  for (const name of COUNTS) counts[name] += some[name];
}

function note(data: Record<string, unknown>): void {
  const { name, skip } = data;
  outcomes.push({ name: String(name), skip: skip === undefined || skip === false ? undefined : String(skip) });
}

function isClosing({ message, nesting, file }: Record<string, unknown>): boolean {
  const figure = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;
  return nesting === 0 && file === undefined && figure.test(String(message));
}

function diagnostic(message: string): TestEvent {
  return { type: 'test:diagnostic', data: { nesting: 0, message, level: 'info' } };
}

function textOf(path: string): string {
  return readFileSync(path, 'utf8');
}
