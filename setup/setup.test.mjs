import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deb822, mainArchive, oneLine } from './debian-sources.mjs';
import { withLock } from './lock.mjs';
import { npmIsComplete } from './npm-packages.mjs';

async function inFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), 'stillframe-setup-test-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('one-line sources are read with their options, without what is commented out', () => {
  const text =
    '# deb http://a/ x main\ndeb [arch=amd64 signed-by=/k.gpg] http://m.test/debian bookworm main contrib # why\n';
  assert.deepEqual(oneLine(text), [
    { types: ['deb'], uri: 'http://m.test/debian', components: ['main', 'contrib'], signedBy: '/k.gpg' },
  ]);
});

test('deb822 sources keep a key that is written into them, and leave out what is switched off', () => {
  const key = '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc';
  const text = `Types: deb\n# a note\nURIs: http://m.test/debian\nSuites: x\nComponents: main\nSigned-By:${key}\n\nTypes: deb\nURIs: http://off.test/\nComponents: main\nEnabled: no\n`;
  assert.deepEqual(deb822(text), [
    { types: ['deb'], uri: 'http://m.test/debian', components: ['main'], signedBy: key },
  ]);
});

test('the main archive is neither the security archive nor a vendor', async () => {
  await inFolder(async (folder) => {
    await mkdir(join(folder, 'sources.list.d'));
    await writeFile(join(folder, 'sources.list.d/a.list'), 'deb http://vendor.test/repo stable main\n');
    const stanza = (uri) => `Types: deb\nURIs: ${uri}\nSuites: bookworm\nComponents: main\n\n`;
    const text = stanza('http://m.test/debian-security') + stanza('http://m.test/debian');
    await writeFile(join(folder, 'sources.list.d/debian.sources'), text);
    assert.equal(mainArchive('debian', folder)?.uri, 'http://m.test/debian');
    assert.equal(mainArchive('ubuntu', folder), undefined);
  });
});

test('a lock lets one in at a time and leaves nothing behind', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'lock');
    const order = [];
    const first = withLock(path, async () => {
      order.push('first in');
      await sleep(100);
      order.push('first out');
    });
    await sleep(20);
    await withLock(path, () => order.push('second'));
    await first;
    assert.deepEqual(order, ['first in', 'first out', 'second']);
    assert.deepEqual(await readdir(folder), []);
  });
});

test('a lock whose holder is dead is taken over', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'lock');
    const dead = spawnSync('true').pid;
    await writeFile(path, `${dead} 12345`);
    assert.equal(await withLock(path, () => 'in'), 'in');
  });
});

test('node_modules are complete where every locked package is there that is not optional', async () => {
  await inFolder(async (root) => {
    const place = (name, packages) => writeFile(join(root, name), JSON.stringify({ packages }));
    const other = { version: '1.0.0', optional: true };
    await mkdir(join(root, 'node_modules'));
    await place('package-lock.json', {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/other-os': other,
    });
    assert.equal(npmIsComplete(root), false);
    await place('node_modules/.package-lock.json', { 'node_modules/a': { version: '0.9.0' } });
    assert.equal(npmIsComplete(root), false);
    await place('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
    assert.equal(npmIsComplete(root), true);
    await place('package-lock.json', { '': {}, 'node_modules/a': { version: '1.0.1' } });
    assert.equal(npmIsComplete(root), false);
  });
});
