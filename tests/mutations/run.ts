/**
 * Breaks behaviours one at a time in a copy of the tree and runs the tests that must notice: `npx node tests/mutations/run.ts
 * [WORD…]`, only those whose file or words hold a WORD. Prints a line each and ends with code 1 where one was not noticed.
 */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Mutation, mutations } from './table.ts';

const root = join(import.meta.dirname, '../..');
/** Milliseconds for the tests of one mutation; a hang is noticed, too. */
const PATIENCE = 120_000;

interface Outcome {
  failed: boolean;
  /** The first tests that failed. */
  said: string;
}

const words = process.argv.slice(2);
const chosen = mutations.filter(
  ({ file, what }) => words.length === 0 || words.some((word) => file.includes(word) || what.includes(word)),
);
process.exitCode = await main();

async function main(): Promise<number> {
  const copy = await mkdtemp(join(tmpdir(), 'stillframe-mutations-'));
  try {
    await copyTree(copy);
    const tests = [...new Set(chosen.flatMap((mutation) => mutation.tests))];
    const sound = await runTests(copy, tests);
    if (sound.failed) throw new Error(`these tests fail as it is: ${sound.said}`);
    let missed = 0;
    for (const [index, mutation] of chosen.entries()) {
      const { failed, said } = await withMutation(copy, mutation, () => runTests(copy, mutation.tests));
      missed += failed ? 0 : 1;
      const mark = failed ? '✔' : '✖';
      process.stdout.write(`${mark} ${String(index + 1).padStart(2)}  ${mutation.file}: ${mutation.what}\n`);
      if (failed) process.stdout.write(`      ${said}\n`);
    }
    process.stdout.write(`${chosen.length} broken, ${chosen.length - missed} noticed\n`);
    return missed === 0 ? 0 : 1;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** Links of the workspaces are relative, so those of the copy lead into it. Only what is changed has to be a true copy. */
async function copyTree(copy: string): Promise<void> {
  for (const name of ['package.json', 'packages', 'proto', 'docs']) {
    await cp(join(root, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
  }
  await promisify(execFile)('cp', ['-a', '--reflink=auto', join(root, 'node_modules'), copy]);
}

async function withMutation<T>(copy: string, { file, find, put }: Mutation, work: () => Promise<T>): Promise<T> {
  const path = join(copy, 'packages', file);
  const text = await readFile(path, 'utf8');
  if (text.split(find).length !== 2) throw new Error(`${file} does not hold this exactly once: ${find}`);
  await writeFile(
    path,
    text.replace(find, () => put),
  );
  try {
    return await work();
  } finally {
    await writeFile(path, text);
  }
}

async function runTests(copy: string, tests: readonly string[]): Promise<Outcome> {
  const files = tests.map((name) => join(copy, 'packages', name));
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', ...files], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
  const timer = setTimeout(end, PATIENCE);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  const failing = [...text.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, name = '']) => name);
  return { failed: code !== 0, said: code === null ? 'it hung' : (failing[0] ?? '') };
}
