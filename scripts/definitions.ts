/** The CustomResourceDefinitions of the chart, from the fields that the controller reads by. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { customResourceDefinitions } from '@stillframe/controller/resources';
import { stringify } from 'yaml';

const root = join(import.meta.dirname, '..');
const FOLDER = 'deploy/chart/crds';
const GENERATED =
  '# Made by `npm run gen -- crds`; what stands here is changed in packages/controller/src/resources.\n';

/** Writes them, or with `check` only compares them; returns how many differed. */
export function regenerateDefinitions(check: boolean): number {
  let differing = 0;
  mkdirSync(join(root, FOLDER), { recursive: true });
  for (const [name, definition] of customResourceDefinitions()) {
    const path = join(root, FOLDER, name);
    const text = GENERATED + stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false });
    if (textOf(path) === text) continue;
    differing += 1;
    process.stderr.write(`${check ? 'differs' : 'written'}: ${FOLDER}/${name}\n`);
    if (!check) writeFileSync(path, text);
  }
  return differing;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
