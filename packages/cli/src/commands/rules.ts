/** `stillframe rules`: what a scan judges by. */
import { chooseRules, isAtLeast, type Rule, SEVERITIES, type Severity } from '@stillframe/forensics';
import { Option } from 'commander';
import { renderJson } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { type OutputFormat, outputOption, type RegisterCommand } from './command.ts';

interface RulesOptions {
  output: OutputFormat;
  minimum: Severity;
}

const HELP = `
  stillframe rules                            all of them
  stillframe rules shell-on-socket            one as a whole
  stillframe rules 'memory-*' --output json   some of them, for programs

\`stillframe scan --rule ID\` judges by one alone, \`--without ID\` by all others.`;

export const rules: RegisterCommand = (program, io) => {
  program
    .command('rules')
    .description('List what a scan judges by; or one rule: why it matters, what would be benign')
    .argument('[id...]', 'rules, or the beginning of some (process-*)')
    .addOption(new Option('--minimum <severity>', 'only rules as bad or worse').choices(SEVERITIES).default('info'))
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', HELP)
    .action(async (ids: string[], { output, minimum }: RulesOptions) => {
      const found = chooseRules({ only: ids })
        .filter(({ severity }) => isAtLeast(severity, minimum))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1));
      if (output === 'json') return await io.write(renderJson('RuleList', 1, { rules: found.map(viewOf) }));
      await io.write(ids.length === 0 ? tableOf(found) : found.map(wholeText).join('\n'));
    });
};

function viewOf({ id, title, severity, techniques, why, benign, patterns = [] }: Rule) {
  return { id, title, severity, techniques, why, benign, readsMemory: patterns.length > 0 };
}

function tableOf(found: readonly Rule[]): string {
  if (found.length === 0) return 'no rule is as bad as that\n';
  return renderTable(
    [
      { title: 'RULE', cell: ({ id }) => id },
      { title: 'SEVERITY', cell: ({ severity }) => severity },
      { title: 'TECHNIQUES', cell: ({ techniques }) => techniques.join(' ') },
      { title: 'WHAT', cell: ({ title }) => title },
    ],
    found,
  );
}

function wholeText({ id, title, severity, techniques, why, benign, patterns = [] }: Rule): string {
  const memory = patterns.length === 0 ? [] : ['memory      its content is gone through for this rule'];
  return [
    id,
    `what        ${title}`,
    `severity    ${severity}, unless a finding says otherwise`,
    `techniques  ${techniques.join(' ') || 'none'}`,
    `why         ${why}`,
    `benign      ${benign}`,
    ...memory,
    '',
  ].join('\n');
}
