/** The tree as the architecture tests see it: packages, manifests, references of compilation, files, import specifiers. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { type Import, importsOf } from './imports.ts';

export const root = join(import.meta.dirname, '../..');

export interface Manifest {
  name: string;
  description?: string;
  exports?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export interface SourceFile {
  /** From the root of the project, with slashes. */
  path: string;
  /** Short name of its package (`criu-image`); undefined outside packages/. */
  owner: string | undefined;
  /** From the folder of its package: `src/frame.ts`. */
  inner: string;
  text: string;
  /** A test, or something that only tests use. */
  isTest: boolean;
  /** Generated from proto/. */
  isGenerated: boolean;
  imports: Import[];
}

export interface Package {
  /** Without the scope: `criu-image`. */
  name: string;
  manifest: Manifest;
  /** What its tsconfig.json references, by short name. */
  references: string[];
  files: SourceFile[];
}

/** Names of files that belong to tests: x.test.ts, x.suite.ts, x.fixture.ts, fixture.ts, fake-x.ts. */
const TEST_FILE = /^(?:fake-.+|fixture|.+\.(?:test|suite|fixture))\.(?:ts|mjs)$/;

/** All packages, by name. */
export const packages: readonly Package[] = globSync('packages/*/package.json', { cwd: root }).sort().map(readPackage);

/** Everything that is written by hand and lies outside packages/. */
export const tools: readonly SourceFile[] = globSync('{bench,deploy,scripts,setup,tests}/**/*.{ts,mjs}', { cwd: root })
  .sort()
  .map((path) => readSource(path, undefined));

/** Every source of every package. */
export const sources: readonly SourceFile[] = packages.flatMap(({ files }) => files);

/** Every source that is written by hand. */
export const handwritten: readonly SourceFile[] = [...sources, ...tools].filter((file) => !file.isGenerated);

export function packageOf(name: string): Package | undefined {
  return packages.find((candidate) => candidate.name === name);
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

/** Short names of the packages that a tsconfig.json references; other projects by their path from the root. */
export function referencesOf(config: string): string[] {
  const { references = [] } = readJson(config) as { references?: { path: string }[] };
  return references.map(({ path }) => posix.join(posix.dirname(config), path).replace(/^packages\//, '')).sort();
}

/** The code lines of a file: without those that are only a comment. The number is the line's, from one. */
export function codeLines(text: string): { number: number; line: string }[] {
  const lines = text.split('\n').map((line, index) => ({ number: index + 1, line }));
  return lines.filter(({ line }) => !/^\s*(?:\*|\/\/|\/\*)/.test(line));
}

function readPackage(path: string): Package {
  const folder = posix.dirname(path);
  const name = basename(folder);
  return {
    name,
    manifest: readJson(path) as Manifest,
    references: referencesOf(`${folder}/tsconfig.json`),
    files: globSync(`${folder}/{src,bin}/**/*.{ts,mts,tsx,mjs}`, { cwd: root })
      .sort()
      .map((file) => readSource(file, name)),
  };
}

function readSource(path: string, owner: string | undefined): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  return {
    path,
    owner,
    inner: owner === undefined ? path : path.slice(`packages/${owner}/`.length),
    text,
    isTest: TEST_FILE.test(basename(path)),
    isGenerated: path.includes('/src/gen/'),
    imports: importsOf(text),
  };
}
