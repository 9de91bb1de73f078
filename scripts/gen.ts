/**
 * `npm run gen`: rebuilds every src/gen folder from proto/, and the pages of docs/ that are made of the code;
 * `npm run gen -- proto/cri` that folder alone, `-- docs` those pages, `-- crds` the definitions of custom resources. What comes from
 * headers of the kernel, which a machine may lack, is rebuilt by `npm run gen -- syscalls [USR]` only.
 * `--check` fails instead when a committed file differs.
 * protoc-gen-es writes TypeScript enums, which type stripping cannot run; they are rewritten as frozen objects.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { regenerateDefinitions } from './definitions.ts';
import { regeneratePages } from './pages.ts';
import { generateSyscalls } from './syscalls.ts';

const root = join(import.meta.dirname, '..');
/** Which package holds the code generated from which folder of proto/. */
const TARGETS: readonly { proto: string; gen: string }[] = [
  { proto: 'proto/criu', gen: 'packages/criu-image/src/gen' },
  { proto: 'proto/cri', gen: 'packages/cri/src/gen' },
  { proto: 'proto/nri', gen: 'packages/nri/src/gen' },
];

const check = process.argv.includes('--check');
const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
let differing = 0;
if (only[0] === 'syscalls') generateSyscalls(only[1]);
for (const target of TARGETS) {
  if (only.length > 0 && !only.includes(target.proto)) continue;
  if (existsSync(join(root, target.proto))) differing += regenerate(target.proto, join(root, target.gen));
}
if (only.length === 0 || only.includes('docs')) differing += await regeneratePages(check);
if (only.length === 0 || only.includes('crds')) differing += regenerateDefinitions(check);
if (check && differing > 0) process.stderr.write('`npm run gen` writes them anew; `git diff` shows what changed\n');
process.exitCode = check && differing > 0 ? 1 : 0;

function regenerate(proto: string, gen: string): number {
  const fresh = generate(proto);
  const old = existsSync(gen)
    ? new Map(readdirSync(gen).map((name) => [name, readFileSync(join(gen, name), 'utf8')]))
    : new Map();
  const names = new Set([...fresh.keys(), ...old.keys()]);
  const changed = [...names].filter((name) => fresh.get(name) !== old.get(name));
  for (const name of changed)
    process.stderr.write(`${check ? 'differs' : 'written'}: ${join(gen, name).slice(root.length + 1)}\n`);
  if (!check && changed.length > 0) {
    rmSync(gen, { recursive: true, force: true });
    mkdirSync(gen, { recursive: true });
    for (const [name, text] of fresh) writeFileSync(join(gen, name), text);
  }
  return changed.length;
}

function generate(proto: string): Map<string, string> {
  const out = mkdtempSync(join(tmpdir(), 'stillframe-gen-'));
  try {
    const template = {
      version: 'v2',
      plugins: [
        { local: join(root, 'node_modules/.bin/protoc-gen-es'), out, opt: ['target=ts', 'import_extension=none'] },
      ],
    };
    const buf = spawnSync(
      join(root, 'node_modules/@bufbuild', `buf-${process.platform}-${process.arch}`, 'bin/buf'),
      ['generate', '--template', JSON.stringify(template), proto],
      { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
    );
    if (buf.status !== 0) throw new Error(`buf generate ${proto} failed`);
    return new Map(
      readdirSync(out)
        .sort()
        .map((name) => [name, erasable(readFileSync(join(out, name), 'utf8'))]),
    );
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Rewrites `export enum X { A = 0 }` as an object and a type of the same name, and adds `.ts` to relative imports. */
function erasable(source: string): string {
  return source
    .replace(/^export enum (\w+) \{\n([\s\S]*?)^\}/gm, (_all, name: string, body: string) => {
      const members = body.replace(/^(\s+\w+) = (-?\d+)/gm, '$1: $2');
      return `export const ${name} = {\n${members}} as const;\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];`;
    })
    .replace(/(from "\.\/[^"]+)"/g, '$1.ts"');
}
