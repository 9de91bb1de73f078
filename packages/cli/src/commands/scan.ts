/** `stillframe scan`: what is suspicious in a checkpoint, with the places to look at. */
import {
  exportFormats,
  type Finding,
  isAtLeast,
  type JudgedCheckpoint,
  referenceText,
  SEVERITIES,
  type Severity,
} from '@stillframe/forensics';
import { Option } from 'commander';
import { renderForeignJson, renderJson, renderJsonLine } from '../display/json.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { judge, narrowed, type ScanningOptions, withScanning } from '../scan/scanning.ts';
import { findingsText } from '../scan/text.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { reading, readingCommand } from './reading.ts';

interface ScanOptions extends ScanningOptions {
  failOn?: Severity;
  minimum: Severity;
}

const HELP = `
For the tools of others (docs/export.md): --output sarif for dashboards of code scanning, stix for what is shared of threats, ocsf for
collectors of events (a line a finding), case for who keeps cases. The same archive gives the same bytes, at any time.

  stillframe scan web.tar --fail-on high                 exit code 3 where something is as bad
  stillframe scan web.tar --output sarif > web.sarif`;

/** Exit code 3 where something at or above `--fail-on` is found. */
export const scan: RegisterCommand = (program, io, done) => {
  const description = 'Judge a checkpoint by rules: what is suspicious, where it stands, and what it may be';
  withScanning(readingCommand(program, 'scan', description))
    .addOption(new Option('--minimum <severity>', 'show from this severity on').choices(SEVERITIES).default('low'))
    .addOption(new Option('--fail-on <severity>', 'exit code 3 where one is as bad or worse').choices(SEVERITIES))
    .addOption(outputOption('table', 'json', 'jsonl', 'sarif', 'stix', 'ocsf', 'case'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: ScanOptions) => {
      let worst = false;
      const code = await reading(what, options, io, async ({ checkpoint, report }) => {
        const judged = await judge(what, checkpoint, options, io, {
          hashed: Object.hasOwn(exportFormats, options.output),
        });
        report(judged.analysis.diagnostics);
        const { failOn, minimum } = options;
        worst = failOn !== undefined && judged.analysis.findings.some(({ severity }) => isAtLeast(severity, failOn));
        const shown = narrowed(judged, ({ severity }) => isAtLeast(severity, minimum));
        await print(shown, what, options.output, io);
      });
      done(worst ? exitCodes.findings : code);
    });
};

async function print(judged: JudgedCheckpoint, what: string, output: string, io: Io): Promise<void> {
  const { findings } = judged.analysis;
  if (isExport(output)) {
    const { documents, lines } = exportFormats[output];
    for (const document of documents(judged)) await io.write(renderForeignJson(document, !lines));
  } else if (output === 'json') {
    const { diagnostics } = judged;
    await io.write(renderJson('FindingList', 1, { findings: findings.map(viewOf), diagnostics }));
  } else if (output === 'jsonl')
    for (const finding of findings) await io.write(renderJsonLine('Finding', 1, viewOf(finding)));
  else await io.write(findingsText(findings, what));
}

function isExport(output: string): output is keyof typeof exportFormats {
  return Object.hasOwn(exportFormats, output);
}

function viewOf({ references, ...finding }: Finding) {
  return { ...finding, references: references.map(referenceText) };
}
