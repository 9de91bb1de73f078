/** Starting a command is most of what it costs: what only the node itself needs is loaded by the node alone. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The sources, which a bundle would hide. */
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') };

/** Tells at the end which files were loaded, one a line. */
const LISTING = `import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  process.on('exit', () => process.stderr.write('\\n' + loaded.join('\\n') + '\\n'));`;
/** What runs containers, serves the API, keeps pods, and makes certificates. */
const OF_NODE = ['runtime/src/node.ts', 'kubelet/src/server.ts', 'kubelet/src/supervise/supervisor.ts', '/x509.cjs.js'];
/** What costs a command that reads a file as much as all of its own: it comes with the first request to a registry. */
const NETWORK = ['node:http', 'node:https', 'node:tls'];
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
    const { stderr } = spawnSync(process.execPath, ['--import', hook, MAIN, ...words], { encoding: 'utf8', env });
    const loaded = stderr.split('\n').filter((line) => /^(?:file|node):/.test(line));
    assert.ok(
      loaded.some((url) => url.endsWith('cli/src/program.ts')),
      stderr,
    );
    assert.deepEqual(
      loaded.filter((url) => OF_NODE.some((part) => url.endsWith(part))),
      [],
    );
    if (words[0] === 'inspect')
      assert.deepEqual(
        NETWORK.filter((name) => loaded.includes(name)),
        [],
      );
  });
}
