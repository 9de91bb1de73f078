import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';
import { startInBackground } from './background.ts';
import { runningNode, servingNode } from './running.ts';

/** Programs in the node's place, as arguments of Node.js. */
const says = (text: string, code = 1) => ['-e', `console.error(${JSON.stringify(text)}); process.exit(${code})`];

async function withFolders(use: (paths: { root: string; state: string }, folder: string) => Promise<void>) {
  await using folder = await openTemporaryFolder(tmpdir());
  await use({ root: join(folder.path, 'a/root'), state: join(folder.path, 'b/c/state') }, folder.path);
}

/** This process as the node of `state`; `serving` where it says where it is reached. */
async function pretendToBeNode(state: string, serving: boolean): Promise<void> {
  const stat = await readFile('/proc/self/stat', 'latin1');
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  await writeFile(join(state, 'node.pid'), `${process.pid} ${start}\n`);
  if (serving) await writeFile(join(state, 'endpoints.json'), JSON.stringify({ pid: process.pid, socket: '/s' }));
}

test('a node that does not start tells why, and leaves none of the folders that were made for it', () =>
  withFolders(async (paths, folder) => {
    const argv = says('{"level":"info"}\nstillframe: no runc here  [ERR_PROCESS_MISSING]\n  look with doctor\n');
    await assert.rejects(startInBackground(paths, argv), {
      code: 'ERR_NODE_START',
      message: 'the node did not start: no runc here  [ERR_PROCESS_MISSING]; look with doctor',
      hint: '`stillframe doctor` says what this host lacks',
    });
    assert.deepEqual(await readdir(folder), []);
  }));

test('folders that were there stay, with the log, and words of an earlier start are not taken for its own', () =>
  withFolders(async (paths) => {
    await mkdir(paths.root, { recursive: true });
    await writeFile(join(paths.root, 'node.log'), 'stillframe: of yesterday  [ERR_OLD]\n');
    await assert.rejects(startInBackground(paths, says('of today')), {
      message: 'the node did not start: of today',
      hint: new RegExp(`its log is ${paths.root}/node.log; `),
    });
    assert.match(await readFile(join(paths.root, 'node.log'), 'utf8'), /of yesterday.*\nof today\n/);
  }));

test('records of pods are never taken away', () =>
  withFolders(async (paths) => {
    const records = join(paths.root, 'records/containers');
    const script = `require('fs').mkdirSync(${JSON.stringify(records)}, { recursive: true });
      require('fs').writeFileSync(${JSON.stringify(join(records, 'c.json'))}, '{}'); process.exit(1)`;
    await assert.rejects(startInBackground(paths, ['-e', script]), { code: 'ERR_NODE_START' });
    assert.deepEqual(await readdir(records), ['c.json']);
  }));

test('of two starts at once the slower one takes the node of the quicker one', needs('linux'), () =>
  withFolders(async (paths) => {
    await mkdir(paths.state, { recursive: true });
    await pretendToBeNode(paths.state, false);
    const busy = says('stillframe: another node works with these folders already  [ERR_NODE_BUSY]');
    const starting = startInBackground(paths, busy);
    setTimeout(() => void pretendToBeNode(paths.state, true), 500);
    assert.deepEqual(await starting, { endpoints: { pid: process.pid, socket: '/s' }, fresh: false });
  }),
);

test('what an ended node wrote is not where one serves', needs('linux'), () =>
  withFolders(async (paths) => {
    await mkdir(paths.state, { recursive: true });
    await writeFile(join(paths.state, 'endpoints.json'), JSON.stringify({ pid: process.pid }));
    assert.equal(await runningNode(paths), undefined);
    assert.equal(await servingNode(paths, 100), undefined);
    await writeFile(join(paths.state, 'endpoints.json'), '{"pid": ');
    await pretendToBeNode(paths.state, false);
    assert.equal(await servingNode(paths, 100), undefined);
  }),
);
