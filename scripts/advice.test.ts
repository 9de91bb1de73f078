/** Whatever a hint, a help text, the README or a page of docs/ tells one to type is a command with options that it has. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandTree, wholeHelp } from '@stillframe/cli/reference';
import {
  allOptions,
  everyCommand,
  faultsOf,
  fencesOf,
  inlineLines,
  namedOptions,
  sentencesOf,
  shellLines,
  type Told,
} from './advice.ts';
import { errorTables } from './pages.ts';

const root = join(import.meta.dirname, '..');
const read = (where: string): Told => ({ where, text: readFileSync(join(root, where), 'utf8') });
const files = (...patterns: string[]) => globSync(patterns, { cwd: root }).sort();

const tree = await commandTree();
const sources = files('packages/*/src/**/*.ts')
  .filter((path) => !/^packages\/testkit\/|\/gen\/|\.(?:test|fixture|suite)\.ts$|\/fake-/.test(path))
  .map(read);
const FENCE = /^```[\s\S]*?^```/gm;
const pages = files('README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'docs/**/*.md').map(read);
/** Options of other programs that our sentences name, and scripts of ours give. */
const OTHERS: ReadonlySet<string> = new Set([
  ...['--kubeconfig', '--raw'], // kubectl
  ...['--cacert'], // curl
  ...['--make-shared'], // mount
  ...['--find', '--show', '--read-only'], // losetup
  ...['--write-picture', '--write-sample'], // our demo
  ...['--dport', '--to-ports'], // iptables
]);

/** Nothing is wrong with the command lines that `linesOf` finds; at least `least` are found. */
function demandSound(told: readonly Told[], least: number, linesOf: (text: string) => string[], whole = false): void {
  const lines = told.flatMap(({ where, text }) => linesOf(text).map((line) => ({ where, line })));
  assert.ok(lines.length >= least, `only ${lines.length} command lines were found`);
  const faults = lines.flatMap(({ where, line }) => faultsOf(tree, line, whole).map((fault) => `${where}: ${fault}`));
  assert.deepEqual(faults, [], 'nobody could type this; docs/commands.md has what there is');
}

test('what sentences of the code tell one to type is there', () => {
  demandSound(sources, 50, (text) => sentencesOf(text).flatMap((sentence) => inlineLines(tree, sentence)));
});

test('what the tables of errors tell one to type is there', async () => {
  const rows = [...(await errorTables())].flatMap(([name, table]) =>
    table.map(([code, row]) => [name, code, row] as const),
  );
  const told = rows.map(([name, code, { hint = '' }]) => ({ where: `${name}: ${code}`, text: hint }));
  assert.ok(told.length > 200, `only ${told.length} rows were found`);
  demandSound(told, 15, (text) => inlineLines(tree, text));
});

test('options that sentences of the code name are those of a command', () => {
  const options = allOptions(tree);
  const named = sources.flatMap(({ where, text }) =>
    sentencesOf(text).flatMap((sentence) => namedOptions(sentence).map((name) => ({ where, name }))),
  );
  assert.ok(named.length > 100, `only ${named.length} were found`);
  const unknown = named.filter(({ name }) => !options.has(name) && !OTHERS.has(name));
  assert.deepEqual(
    unknown.map(({ where, name }) => `${where}: no command has ${name}`),
    [],
    'where another program has it, it is a row of OTHERS in this file',
  );
  const idle = [...OTHERS].filter((other) => !named.some(({ name }) => name === other));
  assert.deepEqual(idle, [], 'rows of OTHERS that no sentence names');
});

test('examples of the help can be typed as they stand', () => {
  const helps = [...everyCommand(tree)].map(({ words, command }) => ({
    where: `${words} --help`,
    text: wholeHelp(command),
  }));
  demandSound(helps, 15, shellLines, true);
  demandSound(helps, 10, (text) => inlineLines(tree, text));
});

test('blocks of the pages can be typed as they stand', () => {
  demandSound(pages, 80, (text) => fencesOf(text).flatMap(shellLines), true);
});

test('commands that the pages name in a sentence are there, with their options', () => {
  demandSound(pages, 80, (text) => inlineLines(tree, text.replaceAll(FENCE, '')));
});

test('the README or a page of docs/ tells of every command', () => {
  const told = pages.map(({ text }) => text).join('\n');
  const lines = [...fencesOf(told).flatMap(shellLines), ...inlineLines(tree, told.replaceAll(FENCE, ''))];
  const names = new Set(lines.flatMap((line) => line.split(/\s+/)[0]?.split('|') ?? []));
  const silent = tree.commands.map((command) => command.name()).filter((name) => !names.has(name));
  assert.deepEqual(
    silent,
    [],
    'docs/commands.md says how, these are to say what for: README.md, docs/reading.md and the like',
  );
});

test('scripts and files that the code and the pages name are there', () => {
  const told = [...sources, ...pages];
  const { scripts } = JSON.parse(read('package.json').text) as { scripts: Record<string, string> };
  const faults = told.flatMap(({ where, text }) => [
    ...[...text.matchAll(/\bnpm run ([a-z][\w-]*)/g)]
      .filter(([, name = '']) => !(name in scripts))
      .map(([all]) => `${where}: ${all}`),
    ...(text.match(/\bdocs\/[\w/-]+\.md\b/g) ?? [])
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${where}: ${path}`),
  ]);
  assert.deepEqual(faults, []);
});

test('keys of the configuration that the code’s sentences name are explained in docs/operate.md', () => {
  const explained = read('docs/operate.md').text;
  const named = sources.flatMap(({ where, text }) =>
    sentencesOf(text)
      .filter((sentence) => sentence.includes('configuration'))
      .flatMap((sentence) => [...sentence.matchAll(/`([a-z]+[A-Z.]?[\w.]*)`/g)])
      .map(([, key = '']) => ({ where, key })),
  );
  assert.ok(named.length > 3, `only ${named.length} keys were found`);
  const isKey = (part: string) => new RegExp(`^ *(?:- )?${part}:`, 'm').test(explained);
  const unknown = named.filter(({ key }) => !key.split('.').every(isKey));
  assert.deepEqual(unknown, []);
});

test('a line that cannot be typed is told by what is wrong with it', () => {
  const told = (line: string) => faultsOf(tree, line).map((fault) => fault.split(':')[0]);
  assert.deepEqual(told('inspekt web.tar'), ['no command "inspekt"']);
  assert.deepEqual(told('image unpinn oci:x'), ['no command "unpinn"']);
  assert.deepEqual(told('image pin|unpinn oci:x'), ['no command "unpinn"']);
  assert.deepEqual(told('ps web.tar --thread'), ['ps has no --thread']);
  assert.deepEqual(told('ps web.tar -o sjon'), ['-o does not take "sjon"']);
  assert.deepEqual(told('ps web.tar --output=tree   # a tree'), []);
  assert.deepEqual(told('ps web.tar other.tar'), ['ps takes 1 operands, not 2']);
  assert.deepEqual(faultsOf(tree, 'memory web.tar -p 1', true), [
    'memory needs --address: stillframe memory web.tar -p 1',
  ]);
  assert.deepEqual(faultsOf(tree, 'ps', true), ['ps needs <checkpoint>: stillframe ps']);
  assert.deepEqual(told('pods --kubelet …'), []);
  assert.deepEqual(told('extract web.tar tcp:1 --to - | less'), []);
});

test('command lines are found in shells, in sentences and behind other programs', () => {
  assert.deepEqual(
    shellLines('sudo npx stillframe ps a \\\n  --threads\nk "$(stillframe node status)"\nx | stillframe rm b'),
    ['ps a --threads', 'node status', 'rm b'],
  );
  assert.deepEqual(inlineLines(tree, 'say `stillframe rm`, `image push` or `image --frob`; not `rm` or `age -d`'), [
    'rm',
    'image push',
    'image --frob',
  ]);
  const source = ["// 'not of this'", "f('word', 'a few words', `so $", '{x} too`);'].join('\n').replace('$\n', '$');
  assert.deepEqual(sentencesOf(source), ['a few words', 'so … too']);
});
