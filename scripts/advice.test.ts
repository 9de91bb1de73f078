/** Whatever a hint, the README or a page of docs/ tells one to type is a command with options that it has. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Options by command, as docs/commands.md has them, which is made of the code. */
const known = new Map<string, Set<string>>(
  read('docs/commands.md')
    .split(/^#{2,} (?=[a-z])/m)
    .slice(1)
    .map((section) => {
      const [name = '', ...rest] = section.split('\n');
      return [name, new Set(rest.join('\n').match(/(?<![\w-])--?[a-z][\w-]*/g))];
    }),
);

interface Advice {
  where: string;
  line: string;
}

/** What stands between backquotes in hints of the code. */
function hints(): Advice[] {
  const files = globSync('packages/*/src/**/*.ts', { cwd: root }).filter((path) => !/gen\/|\.test\.ts$/.test(path));
  return files.flatMap((where) =>
    [...read(where).matchAll(/`(stillframe [^`\\]*)\\?`/g)].map(([, line = '']) => ({ where, line })),
  );
}

/** Lines of code blocks, and what stands between backquotes, of pages that are written by hand. */
function pages(): Advice[] {
  const files = ['README.md', ...globSync('docs/*.md', { cwd: root })].filter((path) => !/commands|errors/.test(path));
  return files.flatMap((where) => {
    const text = read(where).replaceAll('\\\n', ' ');
    const blocks = [...text.matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n'));
    const inline = [...text.matchAll(/`(stillframe [^`\n]*)`/g)].map(([, line = '']) => line);
    const lines = [...blocks.map((line) => line.replace(/^(?:sudo |\$ |npx )+/, '')), ...inline];
    return lines.filter((line) => line.startsWith('stillframe ')).map((line) => ({ where, line }));
  });
}

/** What is wrong with it, or nothing. */
function faultOf({ where, line }: Advice): string[] {
  // What follows three blanks explains.
  const [typed = ''] = line.split(/ {3}| #|[;|&>]/);
  const words = typed.split(/\s+/).slice(1);
  const [first = '', second = ''] = words;
  if (!/^[a-z]/.test(first)) return [];
  // Several are named at once: list|prune.
  const seconds = second.split('|').filter((word) => known.has(`${first} ${word}`));
  const commands = first
    .split('|')
    .flatMap((name) => (seconds.length > 0 ? seconds.map((word) => `${name} ${word}`) : name));
  const options = words.flatMap((word) => word.match(/^-{1,2}[a-z][\w-]*/g) ?? []);
  return commands.flatMap((command) => {
    const has = known.get(command);
    if (!has) return [`${where}: no command "${command}" in: ${line}`];
    return options.filter((option) => !has.has(option)).map((option) => `${where}: no ${option} in: ${line}`);
  });
}

test('commands that hints advise are there, with their options', () => {
  const advice = hints();
  assert.ok(advice.length > 50, `${advice.length} were found`);
  assert.deepEqual(advice.flatMap(faultOf), []);
});

test('commands of the README and of docs/ are there, with their options', () => {
  const advice = pages();
  assert.ok(advice.length > 100, `${advice.length} were found`);
  assert.deepEqual(advice.flatMap(faultOf), []);
});
