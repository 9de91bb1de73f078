/** What `npm run check` and `npm test` look at before any behaviour: generated code, types, lint, architecture. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

export interface Part {
  name: string;
  /** Program and arguments; the program is Node.js or one of the project's own. */
  command: readonly string[];
}

export interface Outcome {
  part: Part;
  ok: boolean;
  milliseconds: number;
  /** Everything the part wrote. */
  output: string;
}

const own = (name: string) => join(root, 'node_modules/.bin', name);

/** Code in src/gen/ is what proto/ gives, types hold, the linter is content. None of them writes what git knows. */
export const parts: readonly Part[] = [
  { name: 'generated code', command: [process.execPath, 'scripts/gen.ts', '--check'] },
  { name: 'types', command: [own('tsc'), '--build'] },
  { name: 'lint', command: [own('biome'), 'check', '--error-on-warnings'] },
];

export const architecture: Part = {
  name: 'architecture',
  command: [process.execPath, '--test', '--test-reporter=spec', 'tests/architecture/*.test.ts'],
};

/** Runs `some` at the same time; `done` hears of each in the order of the list. Returns whether all succeeded. */
export async function runParts(some: readonly Part[], done: (outcome: Outcome) => void, signal: AbortSignal) {
  let ok = true;
  const running = some.map((part) => runPart(part, signal));
  for (const each of running) {
    const outcome = await each;
    ok &&= outcome.ok;
    done(outcome);
  }
  return ok;
}

/** One line, and below it what the part wrote where it failed, but for the tests that passed. */
export function linesOf({ part, ok, milliseconds, output }: Outcome): string {
  const line = `${ok ? '✔' : '✖'} ${part.name.padEnd(16)}${(milliseconds / 1000).toFixed(1)} s\n`;
  const words = output.split('\n').filter((each) => !each.startsWith('✔ '));
  return ok ? line : `${line}${words.join('\n').trimEnd()}\n`;
}

function runPart(part: Part, signal: AbortSignal): Promise<Outcome> {
  const begin = performance.now();
  const [program = '', ...args] = part.command;
  // A test runner inside a test run would otherwise report to the outer one.
  const { NODE_TEST_CONTEXT: _outer, ...env } = process.env;
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], signal });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    const end = (ok: boolean, more = '') =>
      resolve({ part, ok, milliseconds: performance.now() - begin, output: output + more });
    child.on('error', (error) => end(false, `${error.message}\n`));
    child.on('close', (code) => end(code === 0));
  });
}
