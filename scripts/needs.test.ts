/** A test that another machine would skip stands in expected-skips.txt with each capability that it needs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseSkips } from './skips.ts';

const root = join(import.meta.dirname, '..');

test('every test that needs a capability has its line', async () => {
  const collector = join(import.meta.dirname, 'needs-collector.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [collector], { maxBuffer: 16 << 20 });
  const needed = JSON.parse(stdout) as [file: string, name: string, capabilities: string[]][];
  assert.ok(needed.length > 50, 'the collector sees the tests');
  const listed = parseSkips(readFileSync(join(root, 'expected-skips.txt'), 'utf8'));
  const lines = new Set(
    listed.map(({ name, capability }) => `${name.slice(name.lastIndexOf('> ') + 1).trim()} | ${capability}`),
  );
  const missing = needed.flatMap(([file, name, capabilities]) =>
    capabilities.filter((each) => !lines.has(`${name} | ${each}`)).map((each) => `${file}: ${name} | ${each}`),
  );
  assert.deepEqual(missing, []);
});
