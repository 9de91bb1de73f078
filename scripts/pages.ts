/**
 * The pages of docs/ that are made of the code: every command by its own help, every error by its package's table,
 * every rule by what it says of itself.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandReference } from '@stillframe/cli/reference';
import type { ErrorRow } from '@stillframe/core';
import { rules, SEVERITIES } from '@stillframe/forensics';

const root = join(import.meta.dirname, '..');
const GENERATED = '<!-- Made by `npm run gen`; what stands here is changed in the code. -->';

/** Writes the pages, or with `check` only compares them; returns how many differed. */
export async function regeneratePages(check: boolean): Promise<number> {
  let differing = 0;
  for (const [name, text] of [
    ['docs/commands.md', await commandsPage()],
    ['docs/errors.md', await errorsPage()],
    ['docs/rules.md', rulesPage()],
  ] as const) {
    const path = join(root, name);
    if (globSync(name, { cwd: root }).length > 0 && readFileSync(path, 'utf8') === text) continue;
    differing += 1;
    process.stderr.write(`${check ? 'differs' : 'written'}: ${name}\n`);
    if (!check) writeFileSync(path, text);
  }
  return differing;
}

async function commandsPage(): Promise<string> {
  const intro = 'Exit codes stand in the [README](../README.md), error codes in [errors.md](errors.md).';
  return `${GENERATED}\n# Commands\n\n${intro}\n\n${await commandReference()}`;
}

interface Table {
  rows: Readonly<Record<string, ErrorRow>>;
}

/** Every table of errors, by the package that it is of. */
export async function errorTables(): Promise<Map<string, [code: string, row: ErrorRow][]>> {
  const found = new Map<string, [string, ErrorRow][]>();
  for (const path of globSync('packages/*/src/**/{errors,core-errors,usage}.ts', { cwd: root }).sort()) {
    const exported = (await import(join(root, path))) as Record<string, unknown>;
    const tables = Object.values(exported).filter(
      (value): value is Table => typeof value === 'function' && 'rows' in value,
    );
    const name = path.split('/')[1] ?? '';
    const rows = [...(found.get(name) ?? []), ...tables.flatMap(({ rows: each }) => Object.entries(each))];
    if (rows.length > 0) found.set(name, rows);
  }
  return found;
}

async function errorsPage(): Promise<string> {
  const intro = [
    'A message is followed by its code in brackets and, on a line of its own, by what to do next. Codes are stable; kinds are',
    'those of gRPC. Where no advice stands here, the place that fails gives one that fits, or none is known.',
  ].join('\n');
  const parts = [...(await errorTables())].map(([name, rows]) => {
    const lines = rows
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, { kind, hint = '' }]) => `| \`${code}\` | ${kind} | ${hint.replaceAll('|', '\\|')} |`);
    return [`## ${name}`, '| code | kind | what to do |', '|---|---|---|', ...lines, ''].join('\n');
  });
  return `${GENERATED}\n# Errors\n\n${intro}\n\n${parts.join('\n')}`;
}

function rulesPage(): string {
  const intro = [
    'What `stillframe scan` judges a checkpoint by ([forensics.md](forensics.md)). A severity is that of the plain case: a finding may be',
    'worse or better, as it says. Techniques are those of [MITRE ATT&CK](https://attack.mitre.org/matrices/enterprise/containers/).',
  ].join('\n');
  const parts = SEVERITIES.toReversed().flatMap((severity) => {
    const found = rules.filter((rule) => rule.severity === severity).sort((a, b) => (a.id < b.id ? -1 : 1));
    if (found.length === 0) return [];
    const texts = found.map(({ id, title, techniques, why, benign }) => {
      const known = techniques.length === 0 ? '' : ` (${techniques.join(', ')})`;
      return `**\`${id}\`**: ${title}${known}. ${why}\n*Benign:* ${benign}\n`;
    });
    return [`## ${severity}`, ...texts];
  });
  return `${GENERATED}\n# Rules\n\n${intro}\n\n${parts.join('\n')}`;
}
