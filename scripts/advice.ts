/** What texts tell one to type: command lines out of hints, help and pages, and what is wrong with each. */
import type { commandTree } from '@stillframe/cli/reference';

/** A command with those below it. */
export type Tree = Awaited<ReturnType<typeof commandTree>>;
type Option = Tree['options'][number];

/** A text that somebody reads, and where it stands. */
export interface Told {
  where: string;
  text: string;
}

/** Written in place of a value: ARCHIVE, <file>, …, ${path}. */
const PLACEHOLDER = /^[<[(]*(?:[A-Z]|…|\$)/;
/** What every command takes. */
const EVERYWHERE = ['--help', '-h', '--version', '-V'];

/** Command lines between backquotes; without `stillframe` in front where a command and what it has stand there. */
export function inlineLines(tree: Tree, text: string): string[] {
  const quoted = [...text.matchAll(/\\?`([^`\n]+?)\\?`/g)].map(([, line = '']) => line.trim());
  return quoted.flatMap((line) => {
    const [, rest] = /^(?:npx )?stillframe\s+(.*)$/.exec(line) ?? [];
    if (rest !== undefined) return rest;
    const [first = '', second = ''] = line.split(/\s+/);
    const command = childOf(tree, first);
    if (command === undefined) return [];
    const isOne = second.startsWith('--') || (command.commands.length > 0 && /^[a-z][a-z-]*$/.test(second));
    return isOne ? line : [];
  });
}

/** Command lines of a shell text: at the beginning of a line, behind `|`, `&&` or `;`, and in `$(…)`. */
export function shellLines(text: string): string[] {
  return text
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => [...line.split(/ \| | && |; /), ...(line.match(/(?<=\$\()[^)]*/g) ?? [])])
    .map((part) => /^\s*(?:\$ |sudo |npx )*stillframe\s+(.*)$/.exec(part)?.[1])
    .filter((line) => line !== undefined);
}

/** Texts between ```-fences of a page. */
export function fencesOf(page: string): string[] {
  return [...page.matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
}

/** String literals of a TypeScript source that are more than a word, comments left out; what is put in is `…`. */
export function sentencesOf(source: string): string[] {
  const code = source.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const literals = code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\[\s\S])*)`/g);
  return [...literals]
    .map(([, single, double, template]) => single ?? double ?? template?.replaceAll(/\$\{[^}]*\}/g, '…') ?? '')
    .filter((text) => text.trim().split(/\s+/).length > 2);
}

/** Long options of any command that a sentence names. */
export function namedOptions(text: string): string[] {
  return text.match(/(?<![\w-])--[a-z][a-z-]*[a-z]/g) ?? [];
}

/** Every long option that there is. */
export function allOptions(tree: Tree): Set<string> {
  const own = tree.options.map(({ long }) => long ?? '');
  return new Set([...EVERYWHERE, ...own, ...tree.commands.flatMap((each) => [...allOptions(each)])]);
}

/** Every command, by its words. */
export function* everyCommand(tree: Tree, words = ''): Generator<{ words: string; command: Tree }> {
  for (const command of tree.commands) {
    const name = words === '' ? command.name() : `${words} ${command.name()}`;
    yield { words: name, command };
    yield* everyCommand(command, name);
  }
}

/**
 * What is wrong with a command line, `stillframe` left out; nothing where it could be typed. With `whole` it is one to type
 * as it stands, where otherwise a command may be meant by its name alone.
 */
export function faultsOf(tree: Tree, line: string, whole = false): string[] {
  // Three blanks, or a number sign, and then it is explained.
  // What is between quotes is one word, whatever it holds.
  const [typed = ''] = line.replaceAll(/'[^']*'|"[^"]*"/g, 'QUOTED').split(/ {3}| #| > /);
  const words = typed.split(/\s+/).map((word) => word.replaceAll(/^\[|(?:\[=.*)?[\],.:)"]+$/g, ''));
  const read = readWords(
    tree,
    words.filter((word) => word !== ''),
  ); // of every command that is named at once
  const faults = read.flatMap((each) => [...each.faults, ...operandFault(each), ...(whole ? lackOf(each) : [])]);
  return [...new Set(faults)].map((fault) => `${fault}: stillframe ${typed.trim()}`);
}

/** What the words of a line are to one command. */
interface Reading {
  command: Tree;
  operands: number;
  options: readonly Option[];
  faults: readonly string[];
}

/** Goes through the words behind `command`; several readings where several commands are named at once: list|prune. */
function readWords(command: Tree, words: readonly string[], before?: Reading): Reading[] {
  const reading = before ?? { command, operands: 0, options: [], faults: [] };
  const [word, ...rest] = words;
  if (word === undefined || word === '--') return [reading];
  if (/^--?[a-z]/i.test(word)) {
    const { option, faults, left } = readOption(command, word, rest);
    const options = option === undefined ? reading.options : [...reading.options, option];
    return readWords(command, left, { ...reading, options, faults: [...reading.faults, ...faults] });
  }
  if (command.commands.length === 0 || PLACEHOLDER.test(word))
    return readWords(command, rest, { ...reading, operands: reading.operands + 1 });
  return word.split('|').flatMap((name) => {
    const child = childOf(command, name);
    if (child !== undefined) return readWords(child, rest);
    return { ...reading, faults: [...reading.faults, `no command ${JSON.stringify(name)}`] };
  });
}

function operandFault({ command, operands }: Reading): string[] {
  const taken = command.registeredArguments;
  if (command.commands.length > 0 || taken.some(({ variadic }) => variadic) || operands <= taken.length) return [];
  return [`${command.name()} takes ${taken.length} operands, not ${operands}`];
}

/** What the command cannot do without. */
function lackOf({ command, operands, options }: Reading): string[] {
  const needed = command.registeredArguments.filter(({ required }) => required);
  const absent = command.options.filter(
    (each) => each.mandatory && each.defaultValue === undefined && !options.includes(each),
  );
  return [
    ...needed.slice(operands).map((argument) => `${command.name()} needs <${argument.name()}>`),
    ...absent.map(({ long }) => `${command.name()} needs ${long}`),
  ];
}

/** One option: its faults, and the words that are left behind it and its value. */
function readOption(command: Tree, word: string, rest: readonly string[]) {
  const [name = '', assigned] = word.split('=');
  if (EVERYWHERE.includes(name)) return { option: undefined, faults: [], left: rest };
  const option = command.options.find(({ long, short }) => long === name || short === name);
  if (option === undefined) return { option, faults: [`${command.name()} has no ${name}`], left: rest };
  const takesNext = assigned === undefined && option.required;
  const faults = valueFault(option, name, takesNext ? rest[0] : assigned);
  return { option, faults, left: takesNext ? rest.slice(1) : rest };
}

function valueFault({ argChoices }: Option, name: string, value: string | undefined): string[] {
  if (argChoices === undefined || value === undefined || PLACEHOLDER.test(value)) return [];
  const wrong = value.split('|').filter((one) => !argChoices.includes(one));
  return wrong.map((one) => `${name} does not take ${JSON.stringify(one)}`);
}

function childOf(command: Tree, name: string): Tree | undefined {
  return command.commands.find((each) => each.name() === name || each.aliases().includes(name));
}
