/**
 * A program: loads every test file with a `node:test` that runs nothing, and prints what each test and suite needs as JSON,
 * `[file, name, capabilities][]`. So a machine that has everything sees what another one would skip.
 */
import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Needed = [file: string, name: string, capabilities: string[]];

const root = join(import.meta.dirname, '..');
const found: Needed[] = [];
let loading = '';

/** What the modules below call for each test and suite; true where the suite's own tests are to be looked at. */
function declared(name: string, skip: unknown): boolean {
  if (!Array.isArray(skip)) return true;
  found.push([loading, name, skip.map(String)]);
  return false;
}

const port = Symbol.for('stillframe.needs');
Object.assign(globalThis, { [port]: declared });

/** Tests are declared, suites are opened unless they are skipped as a whole, and nothing else happens. */
const NODE_TEST = `
const declared = globalThis[Symbol.for('stillframe.needs')];
const parts = (rest) => [rest.find((each) => typeof each === 'object')?.skip, rest.find((each) => typeof each === 'function')];
export const test = async (name, ...rest) => { declared(name, parts(rest)[0]); };
export const it = test;
export const describe = (name, ...rest) => { const [skip, body] = parts(rest); if (declared(name, skip)) body?.(); };
export const suite = describe;
export const before = () => {}, after = before, beforeEach = before, afterEach = before, mock = {};
export { test as "default" };
`;
const asModule = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'node:test') return { url: asModule(NODE_TEST), shortCircuit: true };
    const resolved = next(specifier, context);
    if (specifier !== '@stillframe/testkit') return resolved;
    // All that is asked for, whether this machine has it or not.
    const text = `export * from ${JSON.stringify(resolved.url)}; export const needs = (...all) => ({ skip: all });`;
    return { url: asModule(text), shortCircuit: true };
  },
});

for (const file of globSync('{packages/*/src,tests,scripts,bench,deploy}/**/*.test.ts', { cwd: root }).sort()) {
  loading = file;
  await import(pathToFileURL(join(root, file)).href);
}
process.stdout.write(JSON.stringify(found));
