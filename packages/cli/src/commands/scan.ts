/** `stillframe scan`: what is suspicious in a checkpoint, with the places to look at. */
import { harmless, UndoStack } from '@stillframe/core';
import { analyse, type Finding, isAtLeast, referenceText, SEVERITIES, type Severity } from '@stillframe/forensics';
import { Option } from 'commander';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { exitCodes } from '../exit.ts';
import { openBase } from '../mapped-files.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand } from './reading.ts';

interface ScanOptions extends ReadingOptions {
  failOn?: Severity;
  image?: string;
  memory: boolean;
  minimum: Severity;
}

/** Exit code 3 where something at or above `--fail-on` is found. */
export const scan: RegisterCommand = (program, io, done) => {
  const description = 'Judge a checkpoint by rules: what is suspicious, where it stands, and what it may be';
  readingCommand(program, 'scan', description)
    .option('--image <where>', 'the container’s image: layout, tar or folder, oci:LAYOUT[:TAG], or reference')
    .option('--no-memory', 'leave the content of memory out; the rest takes no time')
    .addOption(new Option('--minimum <severity>', 'show from this severity on').choices(SEVERITIES).default('low'))
    .addOption(new Option('--fail-on <severity>', 'exit code 3 where one is as bad or worse').choices(SEVERITIES))
    .addOption(outputOption('table', 'json', 'jsonl'))
    .action(async (what: string, options: ScanOptions) => {
      let worst = false;
      const code = await reading(what, options, io, async ({ checkpoint, report }) => {
        await using closing = new UndoStack();
        const image = options.image === undefined ? undefined : await openBase(options.image, io, closing, options);
        const { memory } = options;
        const analysis = await analyse(checkpoint, { image: image?.layers, memory, signal: io.signal });
        report(analysis.diagnostics);
        const shown = analysis.findings.filter(({ severity }) => isAtLeast(severity, options.minimum));
        const { failOn } = options;
        worst = failOn !== undefined && analysis.findings.some(({ severity }) => isAtLeast(severity, failOn));
        const findings = shown.map(viewOf);
        const diagnostics = [...analysis.diagnostics, ...checkpoint.diagnostics()];
        if (options.output === 'json') await io.write(renderJson('FindingList', 1, { findings, diagnostics }));
        else if (options.output === 'jsonl')
          for (const finding of findings) await io.write(renderJsonLine('Finding', 1, finding));
        else await io.write(textOf(findings, what));
      });
      done(worst ? exitCodes.findings : code);
    });
};

type FindingView = ReturnType<typeof viewOf>;

function viewOf({ references, ...finding }: Finding) {
  return { ...finding, references: references.map(referenceText) };
}

function textOf(findings: readonly FindingView[], what: string): string {
  if (findings.length === 0) return 'nothing suspicious was found\n';
  const lines = findings.map(({ severity, summary, techniques, references, rule }) => {
    const more = references.length > 3 ? ` and ${references.length - 3} more` : '';
    return `${severity.toUpperCase().padEnd(8)}  ${harmless(summary)}\n          ${references.slice(0, 3).join('  ')}${more}\n          ${rule}  ${techniques.join(' ')}\n`;
  });
  return `${lines.join('\n')}\n${findings.length === 1 ? 'one finding' : `${findings.length} findings`} in ${harmless(what)}\n`;
}
