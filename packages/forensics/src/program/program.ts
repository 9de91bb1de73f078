/** Which program a process is, and how it was called: by its executable, since the rest is what the process says of itself. */
import type { ProcessRow } from '../analysers/processes.ts';

/** What rules ask of a process. */
export type Called = Pick<ProcessRow, 'pid' | 'name' | 'arguments' | 'executable'>;

/** `process 7 (sh)`. */
export function processText({ pid, name }: Pick<ProcessRow, 'pid' | 'name'>): string {
  return `process ${pid} (${name ?? '?'})`;
}

/** The part after the last slash. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** One executable, many programs: which of them it is, the first argument says. */
const MULTI_CALL = /^(?:busybox|toybox|coreutils|sbase-box|uutils|hashbang)(?:[.\-_].*)?$/;

/** The file name of what a process runs, of busybox and the like the applet; undefined where nothing is known. */
export function programOf({ executable, arguments: args = [], name }: Called): string | undefined {
  const file = executable && baseName(executable.path);
  if (file !== undefined && !MULTI_CALL.test(file)) return file;
  const [first, second] = args.map(withoutDash);
  if (file === undefined) return first || name || undefined;
  return (first !== undefined && MULTI_CALL.test(first) ? second : first) || name || file;
}

/** A login shell calls itself `-sh`. */
function withoutDash(argument: string): string {
  return baseName(argument.replace(/^-/, ''));
}

const SHELL =
  /^(?:r?bash\d*|sh|dash|ash|hush|ksh\d*|mksh|pdksh|oksh|loksh|yash|zsh\d*|t?csh|fish|rc|elvish|nu|xonsh|pwsh)$/;
const INTERPRETER =
  /^(?:python|pypy|perl|ruby|php|lua|luajit|node|nodejs|deno|bun|tclsh|expect|guile|Rscript|awk|gawk|mawk|nawk|jshell|osascript|irb)(?:-?\d[\d.]*(?:-\w+)?)?$/;
const RELAY = /^(?:nc|ncat|netcat|nc\.\w+|socat|socat\d|telnet|openssl|pwncat|pwncat-cs|powercat|cryptcat|rlwrap)$/;

export function isShell(process: Called): boolean {
  return SHELL.test(programOf(process) ?? '');
}

/** Of a language, but for shells. */
export function isInterpreter(process: Called): boolean {
  return INTERPRETER.test(programOf(process) ?? '');
}

/** Whether a name is that of a program that hands bytes from one socket, pipe or program to another. */
export function isRelay(process: Called): boolean {
  return RELAY.test(programOf(process) ?? '');
}

/** Characters of a command line that rules look at: ARG_MAX is far above what a person can read. */
const LOOKED_AT = 32_768;

/** The arguments with a blank between them, cut where they are very long; empty where they are not known. */
export function commandOf({ arguments: args = [] }: Called): string {
  let text = '';
  for (const [index, argument] of args.entries()) {
    text += index === 0 ? argument : ` ${argument}`;
    if (text.length > LOOKED_AT) return text.slice(0, LOOKED_AT);
  }
  return text;
}

/** Options by which shells and interpreters take a program as their next argument. */
const INLINE: Readonly<Record<string, RegExp>> = {
  shell: /^-[a-z]*c$/,
  python: /^-[A-Za-z]*c$/,
  perl: /^-[A-Za-z0-9]*[eE]$/,
  ruby: /^-[A-Za-z]*e$/,
  php: /^-r$|^--run$/,
  lua: /^-e$/,
  node: /^(?:-e|-p|-pe|--eval|--print)$/,
};

/** The program that was given on the command line itself (`sh -c TEXT`, `python -c TEXT`, `perl -e TEXT`); undefined for none. */
export function inlineProgram(process: Called): string | undefined {
  const { arguments: args = [] } = process;
  const option = INLINE[familyOf(process)];
  if (option === undefined) return undefined;
  const start = MULTI_CALL.test(withoutDash(args[0] ?? '')) ? 2 : 1;
  for (let at = start; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    if (option.test(argument)) return args[at + 1]?.slice(0, LOOKED_AT);
    // The first that is no option is a script; what follows is for the script. Ruby and Perl take libraries as -rsocket, -MIO.
    if (!/^[-+]/.test(argument)) return undefined;
    if (argument === '-o' || argument === '+o' || argument === '-W' || argument === '-X') at += 1;
  }
  return undefined;
}

function familyOf(process: Called): string {
  if (isShell(process)) return 'shell';
  const program = programOf(process) ?? '';
  return /^(?:node|nodejs)$/.test(program) ? 'node' : (/^(?:python|perl|ruby|php|lua)/.exec(program)?.[0] ?? '');
}

/** The file that a shell or an interpreter runs: its first argument that is no option; undefined for none. */
export function scriptOf(process: Called): string | undefined {
  if (!isShell(process) && !isInterpreter(process)) return undefined;
  if (inlineProgram(process) !== undefined) return undefined;
  const { arguments: args = [] } = process;
  const start = MULTI_CALL.test(withoutDash(args[0] ?? '')) ? 2 : 1;
  return args.slice(start).find((argument) => argument !== '' && !/^[-+]/.test(argument));
}
