/**
 * Runs critest of kubernetes-sigs/cri-tools against a node of its own:
 * `npx node tests/critest/run.ts [--focus REGEX] [CRITEST]`. Without the path STILLFRAME_CRITEST names the program.
 * STILLFRAME_CRITEST_REGISTRY: address of a registry that has the images already. Prints the counts and every difference
 * from known-failing.txt; exit code 1 where there is one.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Stillframe } from '@stillframe/demo/stage';
import { startRegistry } from '@stillframe/testkit';
import { pushImages } from './images.ts';
import { compare, type KnownRow, ownSkips, parseKnown, type Spec, specsOf, tally } from './report.ts';

/** Seconds that all specs together may take. */
const LIMIT = 1500;
const KNOWN = new URL('../../known-failing.txt', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { focus: { type: 'string' }, list: { type: 'string' } },
});
const critest = positionals[0] ?? process.env['STILLFRAME_CRITEST'];
if (critest === undefined) throw new Error('name critest by an argument or by STILLFRAME_CRITEST');

const folder = await mkdtemp('/var/tmp/stillframe-critest-');
// Users of a pod in a user namespace must get to their root filesystem.
await chmod(folder, 0o711);
try {
  const specs = await runAll(folder, critest);
  const known = parseKnown(await readFile(KNOWN, 'utf8'));
  process.exitCode = report(specs, values.focus === undefined ? known : []) ? 0 : 1;
  if (values.list !== undefined) await writeFile(values.list, failures(specs));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function runAll(work: string, program: string): Promise<Spec[]> {
  const given = process.env['STILLFRAME_CRITEST_REGISTRY'];
  await using registry = given === undefined ? await startRegistry() : undefined;
  if (registry) await pushImages(registry.address);
  const location = given ?? registry?.address ?? '';
  const config = join(work, 'node.yaml');
  const cgroup = `/${basename(work)}`;
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ images: { mirrors: [{ prefix: '*', location, fallback: false }] } }));
  const stillframe = new Stillframe(work);
  await mkdir(join(work, 'reports'));
  const path = join(work, 'reports', 'report.json');
  const { socket, nri } = await stillframe.json<{ socket: string; nri: string }>(
    ['node', 'up'],
    ['--config', config, '--port', '0', '--cgroup-parent', cgroup],
  );
  try {
    await runCritest(program, { socket, nri }, path);
  } finally {
    await stillframe.atNode(['node', 'down', '--pods']);
  }
  return specsOf(JSON.parse(await readFile(path, 'utf8')));
}

/** Its exit code says only that something failed, which the report says better. */
async function runCritest(
  program: string,
  { socket, nri }: { socket: string; nri: string },
  path: string,
): Promise<void> {
  const focus = values.focus === undefined ? [] : ['-ginkgo.focus', values.focus];
  const argv = [
    ...['-runtime-endpoint', `unix://${socket}`, '-image-endpoint', `unix://${socket}`, '-nri-socket', nri],
    ...['-ginkgo.json-report', path, '-ginkgo.timeout', `${LIMIT}s`, '-ginkgo.no-color'],
    ...focus,
  ];
  const child = spawn(program, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), (LIMIT + 60) * 1000);
  // Who interrupts this script wants the node taken down, too.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill('SIGINT'));
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
}

function report(specs: readonly Spec[], known: readonly KnownRow[]): boolean {
  const { passed, failed, skipped } = tally(specs);
  const ran = passed + failed;
  const whole = ran + ownSkips(skipped);
  print(`${specs.length} specs: ${passed} passed, ${failed} failed, ${specs.length - ran} skipped themselves`);
  for (const [reason, number] of Object.entries(skipped)) print(`    ${number} want ${reason}`);
  print(`passed: ${share(passed, ran)} of those that ran`);
  print(`passed: ${share(passed, whole)} of those that want neither AppArmor nor SELinux nor systemd`);
  const { fresh, gone } = compare(specs, known);
  for (const spec of fresh) print(`FAILED, not in known-failing.txt: ${spec.name}\n    ${spec.message}`);
  for (const row of gone) print(`passes now, take it out of known-failing.txt: ${row.name}`);
  return ran > 0 && fresh.length === 0 && gone.length === 0;
}

function share(part: number, whole: number): string {
  return `${part} of ${whole} (${whole === 0 ? 0 : Math.floor((100 * part) / whole)} %)`;
}

function failures(specs: readonly Spec[]): string {
  const failed = specs.filter(({ state }) => state === 'failed');
  const lines = failed.map(({ name, message }) => `${name}\n    ${message}\n`);
  const skipped = specs
    .filter(({ state }) => state === 'skipped')
    .map(({ name, message }) => `skipped: ${name}: ${message}\n`);
  return `${new Date().toISOString()}  ${failed.length} failed\n${lines.join('')}${skipped.join('')}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
