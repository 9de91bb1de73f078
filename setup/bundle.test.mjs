import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundles, LISTS } from '@stillframe/cli/bundle';
import { bundleSources } from './bundled-sources.mjs';

const BIN = fileURLToPath(new URL('../packages/cli/bin', import.meta.url));
const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
const FIXTURE = fileURLToPath(new URL('../packages/checkpoint/fixtures/podman-redis.tar', import.meta.url));
const run = (...words) => spawnSync(process.execPath, words, { encoding: 'utf8' });

suite('a project with a bundle of its own', () => {
  const made = {};
  const sources = {
    begin: 'packages/cli/src/main.ts',
    look: 'packages/cli/src/look.ts',
    other: 'packages/cli/src/other.ts',
  };
  const said = (...words) => run(join(made.root, 'packages/cli/bin/stillframe.mjs'), ...words).stdout.trim();

  before(async () => {
    made.root = await mkdtemp(join(tmpdir(), 'stillframe-bundle-test-'));
    await cp(BIN, join(made.root, 'packages/cli/bin'), { recursive: true });
    await mkdir(join(made.root, 'packages/cli/src'));
    for (const path of Object.values(sources)) {
      await writeFile(join(made.root, path), "process.stdout.write('sources\\n');\n");
    }
    const folder = join(made.root, 'packages/cli/dist/bundle');
    await mkdir(join(folder, '0123'), { recursive: true });
    await writeFile(join(folder, '0123/main.mjs'), "process.stdout.write('bundle\\n');\n");
    const { stateOf } = await import(join(made.root, 'packages/cli/bin/bundle.mjs'));
    const list = (name, ...paths) =>
      writeFile(join(folder, `0123/${name}.json`), JSON.stringify(paths.map((path) => [path, stateOf(path)])));
    await list(LISTS.begin, sources.begin);
    await list(LISTS.all, ...Object.values(sources));
    await list('look', sources.begin, sources.look);
    await writeFile(join(folder, 'current'), '0123');
  });
  after(() => rm(made.root, { recursive: true, force: true }));

  test('runs it while nothing has changed, with a command and without', () => {
    assert.deepEqual([said('look', 'x'), said('--version'), said('unheard-of')], ['bundle', 'bundle', 'bundle']);
  });

  test('runs its sources once one has changed that the command may load, or that nobody knows not to be loaded', async () => {
    await appendFile(join(made.root, sources.other), '// changed\n');
    assert.deepEqual([said('look', 'x'), said('other'), said('../look')], ['bundle', 'sources', 'sources']);
    await appendFile(join(made.root, sources.look), '// changed\n');
    assert.deepEqual([said('--verbose', 'look'), said('--version')], ['sources', 'bundle']);
    await rm(join(made.root, sources.begin));
    await writeFile(join(made.root, sources.begin), "process.stdout.write('new\\n');\n");
    assert.deepEqual([said('--version'), said()], ['new', 'new']);
  });

  test('runs its sources where there is no bundle, or a broken one', async () => {
    const current = join(made.root, 'packages/cli/dist/bundle/current');
    await writeFile(current, 'gone');
    assert.equal(said('--version'), 'new');
    await rm(current);
    assert.equal(said('--version'), 'new');
  });
});

suite('the bundle of the command', () => {
  const made = {};
  before(async () => {
    Object.assign(made, await bundleSources());
    await mkdir(bundles, { recursive: true });
    // Beside the others, since files know their sources by their place.
    made.folder = await mkdtemp(join(bundles, 'test-'));
    for (const [name, bytes] of made.files) await writeFile(join(made.folder, name), bytes);
  });
  after(() => rm(made.folder, { recursive: true, force: true }));

  test('has for each command a list of what it may load', () => {
    const inspect = made.lists.get('inspect');
    const has = (list, path) => made.lists.get(list)?.includes(path);
    for (const path of [
      'cli/src/main.ts',
      'cli/src/inspect/model.ts',
      'criu-image/src/byte-true-text.ts',
      'cli/package.json',
    ])
      assert.ok(inspect.includes(`packages/${path}`), path);
    assert.ok(has('search', 'packages/forensics/src/search/search-thread.ts'));
    assert.ok(has('node', 'packages/kubelet/src/server.ts') && !has('inspect', 'packages/kubelet/src/server.ts'));
    assert.ok(!has(LISTS.begin, 'packages/cli/src/commands/inspect.ts'));
    for (const [name, paths] of made.lists)
      assert.ok(
        paths.every((path) => has(LISTS.all, path)),
        name,
      );
  });

  const textOf = (name) => Buffer.from(made.files.get(name)).toString();
  /** A file of the bundle, and all that it imports. */
  const loadedBy = (begin) => {
    const loaded = new Set([begin]);
    for (const name of loaded)
      for (const [, other] of textOf(name).matchAll(/(?:from|^import) "\.\/([^"]+)"/gm)) loaded.add(other);
    return [...loaded];
  };

  test('builds no descriptors of messages for a command that only reads', () => {
    for (const command of ['inspect', 'ps', 'files', 'search']) {
      const begin = [...made.files.keys()].find((name) => name.startsWith(`${command}-`) && name.endsWith('.mjs'));
      const loaded = loadedBy(begin);
      for (const name of loaded)
        assert.ok(!textOf(name).includes('// node_modules/@bufbuild/'), `${command} loads ${name}`);
      assert.ok(loaded.length > 5);
    }
  });

  test('has what writes messages by their schemas write text byte for byte', () => {
    const writers = [...made.files.keys()].filter(
      (name) => name.endsWith('.mjs') && textOf(name).includes('// packages/criu-image/src/edit/rewrite.ts'),
    );
    assert.ok(writers.length > 0);
    for (const name of writers)
      assert.ok(
        loadedBy(name).some((each) => textOf(each).includes('// packages/criu-image/src/text-codec.ts')),
        name,
      );
  });

  for (const words of [
    ['--help'],
    ['inspect', FIXTURE, '--output', 'json'],
    // In threads, which are of the bundle as well.
    ['search', FIXTURE, 'user:1', '--output', 'json'],
  ]) {
    test(`says of \`${words[0]}\` what the sources say`, () => {
      const [mine, theirs] = [join(made.folder, 'main.mjs'), MAIN].map((program) => run(program, ...words));
      assert.equal(mine.stderr, theirs.stderr);
      assert.equal(mine.stdout, theirs.stdout);
      assert.equal(mine.status, 0);
    });
  }
});
