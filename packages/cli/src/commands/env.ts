/** `stillframe env`: the variables of each process, at its start and now, beside those the container was given. */
import {
  type ComparedVariable,
  compareEnvironment,
  type Environment,
  type Process,
  readEnvironment,
  type VectorEntry,
} from '@stillframe/checkpoint';
import { harmless, hexAddress, redactVariable } from '@stillframe/core';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface EnvOptions extends ReadingOptions {
  showSecrets?: boolean;
}

const HELP = `
SINCE START compares what the program was started with and what its vector of variables on the stack points to now:
kept, changed, added or removed. A program that sets a new variable copies the vector to its heap, where only the C
library knows the way to it; what was set after that is not shown. "unknown": the vector could not be read, or the process
wrote something else over the texts, as for a title; then \`stillframe search\` finds what is elsewhere in its memory.
CONTAINER compares with the container's own specification: same, other (another value), not (not declared), missing
(declared, and not here), unknown (the process has written over its variables, or there is no specification).`;

/** Exit code 4 where some of the evidence could not be read. */
export const env: RegisterCommand = (program, io, done) => {
  const description = 'Show the environment of each process, at its start and now, beside what the container was given';
  withPids(readingCommand(program, 'env', description))
    .option('--show-secrets', 'do not hide values of variables such as PASSWORD or TOKEN')
    .addOption(outputOption('table', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: EnvOptions) => {
      const shown = options.showSecrets ? (text: string) => text : redactVariable;
      const code = await reading(what, options, io, async ({ checkpoint, chosen }) => {
        const { env: declared } = checkpoint.spec?.process ?? {};
        const found: EnvironmentView[] = [];
        for (const process of chosen) {
          const environment = await readEnvironment(checkpoint.images, process.pid, { signal: io.signal });
          const view = viewOf(process, environment, declared, shown);
          if (options.output === 'jsonl') await io.write(renderJsonLine('Environment', 1, view));
          else if (options.output === 'table') await io.write(tableOf(view));
          else found.push(view);
        }
        if (options.output !== 'json') return;
        const body = { declared: declared?.map(shown), processes: found, diagnostics: checkpoint.diagnostics() };
        await io.write(renderJson('EnvironmentList', 1, body));
      });
      done(code);
    });
};

type EnvironmentView = ReturnType<typeof viewOf>;

function viewOf(
  { pid, comm, state }: Process,
  { block, vector }: Environment,
  declared: readonly string[] | undefined,
  shown: (text: string) => string,
) {
  const { variables, overwritten } = compareEnvironment({ block, vector }, declared);
  return {
    ...{ pid, comm, state, overwritten },
    block: block.state === 'present' ? { ...block, values: block.values.map(shown) } : block,
    vector:
      vector.state === 'present'
        ? {
            ...vector,
            address: hexAddress(vector.address),
            entries: vector.entries.map((entry) => entryOf(entry, shown)),
          }
        : vector,
    variables: variables.map((variable) => ({ ...variable, text: shown(variable.text) })),
  };
}

function entryOf({ address, text, origin }: VectorEntry, shown: (text: string) => string) {
  return { address: hexAddress(address), text: text === undefined ? undefined : shown(text), origin };
}

function tableOf({ pid, comm, overwritten, block, variables }: EnvironmentView): string {
  const absent = block.state === 'absent' ? `  no environment: ${block.reason}` : '';
  const note = overwritten
    ? '  the process has written over its environment; `stillframe search ARCHIVE NAME=` finds what it keeps elsewhere'
    : '';
  const partial = block.state === 'present' && block.partial ? '  part of it was not captured' : '';
  const title = `${pid} ${harmless(comm ?? '-')}${absent}${note}${partial}`;
  return variables.length === 0 ? `${title}\n\n` : `${title}\n${renderTable(COLUMNS, variables)}\n`;
}

const COLUMNS = [
  { title: 'SINCE START', cell: ({ since }: ComparedVariable) => since },
  { title: 'CONTAINER', cell: ({ declared }: ComparedVariable) => declared },
  { title: 'VARIABLE', cell: ({ text }: ComparedVariable) => harmless(text) },
];
