/** Starting a command is most of what it costs: what only the node itself needs is loaded by the node alone. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { PROGRAM } from './desk.fixture.ts';

/** Tells at the end which files were loaded, one a line. */
const LISTING = `import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  process.on('exit', () => process.stderr.write('\\n' + loaded.join('\\n') + '\\n'));`;
/** What runs containers, serves the API, keeps pods, and makes certificates. */
const OF_NODE = ['runtime/src/node.ts', 'kubelet/src/server.ts', 'kubelet/src/supervise/supervisor.ts', '/x509.cjs.js'];
const PLACE = ['--root', '/nonexistent', '--state', '/nonexistent'];

for (const words of [
  ['inspect', '/nonexistent'],
  ...[['node', 'status'], ['pods'], ['rm', 'a/b'], ['checkpoint', 'a/b/c'], ['restore', '/nonexistent']].map((each) => [
    ...each,
    ...PLACE,
  ]),
  ['run', 'a/b/c', '--image', 'x', ...PLACE],
]) {
  test(`\`stillframe ${words[0]}\` loads nothing of a node`, () => {
    const hook = `data:text/javascript,${encodeURIComponent(LISTING)}`;
    const { stderr } = spawnSync(process.execPath, ['--import', hook, PROGRAM, ...words], { encoding: 'utf8' });
    const loaded = stderr.split('\n').filter((line) => line.startsWith('file:'));
    assert.ok(
      loaded.some((url) => url.endsWith('cli/src/program.ts')),
      stderr,
    );
    assert.deepEqual(
      loaded.filter((url) => OF_NODE.some((part) => url.endsWith(part))),
      [],
    );
  });
}
