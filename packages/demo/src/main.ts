/** `npm run demo`: tells the story in the terminal, or as JSON with `--output json`. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { messageOf } from '@stillframe/core';
import { pictureOf } from './picture.ts';
import { type DemoReport, type Teller, tell } from './story.ts';
import { terminalTeller } from './terminal.ts';

const HELP = `npm run demo -- [--output json] [--write-sample FILE] [--write-picture FILE]

Runs a counting container on a node of its own, checkpoints it with curl, looks inside, restores it from the archive and
from a registry, and cleans up. Needs root for the checkpoint; without it the reading half runs on a shipped archive.
`;

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => ending.abort(new Error(`ended by ${name}`)));
process.exitCode = await main();

async function main(): Promise<number> {
  const options = read();
  if (typeof options === 'number') return options;
  const nothing = () => undefined;
  const silent: Teller & { summary(report: DemoReport): void } = {
    begin: nothing,
    end: nothing,
    say: nothing,
    summary: nothing,
  };
  const json = options.output === 'json';
  const teller = json ? silent : terminalTeller(process.stdout);
  const report = await tell(teller, { parent: '/var/tmp', sample: options['write-sample'], signal: ending.signal });
  const picture = options['write-picture'];
  if (picture !== undefined) await writeFile(picture, pictureOf(textOf(report)));
  if (json) process.stdout.write(`${JSON.stringify({ kind: 'DemoReport', schemaVersion: 1, ...report }, null, 2)}\n`);
  else teller.summary(report);
  if (ending.signal.aborted) return 130;
  return report.ok ? 0 : 1;
}

function read() {
  try {
    const { values } = parseArgs({
      options: {
        output: { type: 'string', short: 'o', default: 'text' },
        'write-sample': { type: 'string' },
        'write-picture': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (values.output !== 'text' && values.output !== 'json') throw new Error('--output takes text or json');
    return values;
  } catch (error) {
    process.stderr.write(`demo: ${messageOf(error)}\n\n${HELP}`);
    return 2;
  }
}

/** The story as it stands in a terminal without colour; the demo's own folder is shortened. */
function textOf(report: DemoReport): string[] {
  const parts = ['$ npm run demo\n\n'];
  const teller = terminalTeller({ write: (part) => parts.push(part) });
  for (const step of report.steps) teller.end(step);
  teller.summary(report);
  return parts
    .join('')
    .replace(/\/var\/tmp\/stillframe-demo-\w+\/root/g, '…')
    .split('\n');
}
