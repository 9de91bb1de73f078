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
import { shapesOf } from './shapes.ts';
import { generateSyscalls } from './syscalls.ts';

const root = join(import.meta.dirname, '..');
/** Which package holds the code generated from which folder of proto/. */
const TARGETS: readonly { proto: string; gen: string; shapes?: true }[] = [
  { proto: 'proto/criu', gen: 'packages/criu-image/src/gen', shapes: true },
  { proto: 'proto/cri', gen: 'packages/cri/src/gen' },
  { proto: 'proto/nri', gen: 'packages/nri/src/gen' },
];

const check = process.argv.includes('--check');
const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
let differing = 0;
if (only[0] === 'syscalls') generateSyscalls(only[1]);
for (const target of TARGETS) {
  if (only.length > 0 && !only.includes(target.proto)) continue;
  if (existsSync(join(root, target.proto))) differing += regenerate(target);
}
if (only.length === 0 || only.includes('docs')) differing += await regeneratePages(check);
if (only.length === 0 || only.includes('crds')) differing += regenerateDefinitions(check);
if (check && differing > 0) process.stderr.write('`npm run gen` writes them anew; `git diff` shows what changed\n');
process.exitCode = check && differing > 0 ? 1 : 0;

function regenerate({ proto, gen: folder, shapes }: (typeof TARGETS)[number]): number {
  const gen = join(root, folder);
  const fresh = generate(proto);
  if (shapes) {
    fresh.set('shapes.ts', shapesOf(JSON.parse(buf('build', proto, '--output', '-#format=json'))));
    for (const [name, text] of [...fresh]) if (name.endsWith('_pb.ts')) withEnumsApart(fresh, name, text);
  }
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
    buf('generate', '--template', JSON.stringify(template), proto);
    return new Map(
      readdirSync(out)
        .sort()
        .map((name) => [name, erasable(readFileSync(join(out, name), 'utf8'))]),
    );
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Puts the enums into a file of their own: who needs a value of one need not build the descriptors for it. */
function withEnumsApart(files: Map<string, string>, name: string, text: string): void {
  const found = [...text.matchAll(/^\/\*\*\n(?: \*.*\n)+export const (\w+) = \{\n[\s\S]*?^export type .*\n/gm)];
  if (found.length === 0) return;
  const file = name.replace('_pb.ts', '_enums.ts');
  const names = found.map(([, each]) => each).join(', ');
  const rest = found.reduce((left, [block]) => left.replace(block, ''), text);
  files.set(file, found.map(([block]) => block).join('\n'));
  files.set(
    name,
    rest.replace(/^import /m, `import type { ${names} } from "./${file}";\nexport * from "./${file}";\nimport `),
  );
}

/** What buf prints. */
function buf(...words: readonly string[]): string {
  const program = join(root, 'node_modules/@bufbuild', `buf-${process.platform}-${process.arch}`, 'bin/buf');
  const ran = spawnSync(program, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`buf ${words[0]} failed`);
  return ran.stdout;
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
