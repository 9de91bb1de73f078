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
import { renderJson, renderJsonLine } from '../display/json.ts';
import { commandKey } from '../evidence/for-command.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { repeated } from '../repeated.ts';
import { atLeast, exportTexts, MINIMUM } from '../scan/export-text.ts';
import { demandNew } from '../scan/new-file.ts';
import { checkRecord, onlyKey, recordHolds, recordOf, recordText, writeRecord } from '../scan/record.ts';
import { judge, type ScanningOptions, withScanning } from '../scan/scanning.ts';
import { findingsText } from '../scan/text.ts';
import { cliError } from '../usage.ts';
import { readVerifyingKeys } from '../verify/keys.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { reading, readingCommand } from './reading.ts';

interface ScanOptions extends ScanningOptions {
  failOn?: Severity;
  minimum: Severity;
  record?: string;
  checkRecord?: string;
  key?: string[];
}

const HELP = `
For the tools of others (docs/export.md): --output sarif for dashboards of code scanning, stix for what is shared of threats, ocsf for
collectors of events (a line a finding), case for who keeps cases. The same archive gives the same bytes, at any time.

--record writes what was read (digests of archive, entries, image, rules), by which version, and all that was found, as a statement
without a time: whoever has the same gets the same bytes. --key signs it; with Ed25519 the signature, too, is the same each time.
--check-record runs again and tells whether that gives the same; --key is then a public key that must have signed. Exit code 1 where
it does not.

  stillframe scan web.tar                                all but what is mere information, the worst first
  stillframe scan web.tar --sigma rules/linux            and by Sigma rules (docs/sigma.md)
  stillframe scan web.tar --fail-on high                 exit code 3 where something is as bad
  stillframe scan web.tar --output sarif > web.sarif
  stillframe scan web.tar --yara rules/ --yara mine.yar
  stillframe key generate lab --type ed25519             lab.key and lab.pub, for what follows
  stillframe scan web.tar --record web.scan.json --key lab.key
  stillframe scan web.tar --check-record web.scan.json --key lab.pub`;

/** Exit code 3 where something at or above `--fail-on` is found, 1 where a record does not hold. */
export const scan: RegisterCommand = (program, io, done) => {
  const description = 'Judge a checkpoint by rules: what is suspicious, where it stands, and what it may be';
  withScanning(readingCommand(program, 'scan', description))
    .addOption(new Option('--minimum <severity>', 'show from this severity on').choices(SEVERITIES).default(MINIMUM))
    .addOption(new Option('--fail-on <severity>', 'exit code 3 where one is as bad or worse').choices(SEVERITIES))
    .option('--record <file>', 'write a record of the run that can be repeated; the file must be new')
    .option('--check-record <file>', 'whether a run as recorded there gives the same, and who signed it')
    .option(
      '--key <file>',
      'key in PEM: a private one that signs the record, or public ones of which one must have signed (repeat)',
      repeated,
    )
    .addOption(outputOption('table', 'json', 'jsonl', 'sarif', 'stix', 'ocsf', 'case'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: ScanOptions) => {
      const recording = await openRecording(options, io);
      const hashing = recording ? 'inputs' : isExport(options.output) ? 'archive' : 'none';
      let outcome: number | undefined;
      const code = await reading(what, options, io, async ({ checkpoint, report }) => {
        const { judged, run } = await judge(what, checkpoint, options, io, hashing);
        report(judged.analysis.diagnostics);
        const { failOn, minimum } = options;
        if (failOn && judged.analysis.findings.some(({ severity }) => isAtLeast(severity, failOn)))
          outcome = exitCodes.findings;
        const holds = run && (await recording?.((name) => recordOf(judged, run, name)));
        if (holds === undefined)
          return print(atLeast(judged, minimum), what, options.output, io, judged.analysis.findings.length);
        outcome = holds ? exitCodes.ok : exitCodes.failed;
      });
      done(outcome === undefined || outcome === exitCodes.ok ? code : outcome);
    });
};

/** Takes the record of the run; whether it agrees with an earlier one, undefined where none is checked. */
type Recording = (recordAs: (name?: string) => string) => Promise<boolean | undefined>;

/** Undefined where nothing is recorded or checked. What the user wrote wrongly is told before minutes are spent. */
async function openRecording(options: ScanOptions, io: Io): Promise<Recording | undefined> {
  const { record, checkRecord: recorded, key = [], output } = options;
  if (record !== undefined && recorded !== undefined)
    throw cliError('ERR_USAGE_ARGUMENT', '--record and --check-record go one without the other');
  if (record !== undefined) {
    await demandNew(record);
    const path = onlyKey(key);
    const signer = path === undefined ? undefined : await commandKey(path, io);
    return async (recordAs) => {
      await writeRecord(record, recordAs(), signer, io);
      return undefined;
    };
  }
  if (recorded === undefined) {
    if (key.length > 0) throw cliError('ERR_USAGE_ARGUMENT', '--key goes with --record or --check-record');
    return undefined;
  }
  const keys = await readVerifyingKeys(key, io);
  return async (recordAs) => {
    const check = await checkRecord(recorded, recordAs, keys, io);
    const holds = recordHolds(check);
    await io.write(
      output === 'json' ? renderJson('RecordCheck', 1, { path: recorded, holds, ...check }) : recordText(check),
    );
    return holds;
  };
}

/** `all`: how many findings there are, with those that are not shown. */
async function print(judged: JudgedCheckpoint, what: string, output: string, io: Io, all: number): Promise<void> {
  const { findings } = judged.analysis;
  if (isExport(output)) {
    for (const text of exportTexts(judged, output)) await io.write(text);
  } else if (output === 'json') {
    const { diagnostics } = judged;
    await io.write(renderJson('FindingList', 1, { findings: findings.map(viewOf), diagnostics }));
  } else if (output === 'jsonl')
    for (const finding of findings) await io.write(renderJsonLine('Finding', 1, viewOf(finding)));
  else await io.write(findingsText(findings, what, all - findings.length));
}

function isExport(output: string): output is keyof typeof exportFormats {
  return Object.hasOwn(exportFormats, output);
}

function viewOf({ references, ...finding }: Finding) {
  return { ...finding, references: references.map(referenceText) };
}
