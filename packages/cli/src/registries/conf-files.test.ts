import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { readRegistriesConf } from './conf-files.ts';

/** A system folder and a home with these files; what comes of them, as host → location. */
async function read(files: Readonly<Record<string, string>>, file?: string) {
  await using folder = await openTemporaryFolder(tmpdir(), 'conf');
  for (const [name, location] of Object.entries(files)) {
    const path = join(folder.path, name);
    await mkdir(dirname(path), { recursive: true });
    const host = location.includes('=')
      ? location
      : `[[registry]]\nprefix = "r.example"\nlocation = "${location}.example"`;
    await writeFile(path, host);
  }
  const rules = await readRegistriesConf({
    home: join(folder.path, 'home'),
    system: join(folder.path, 'etc'),
    ...(file === undefined ? {} : { file: join(folder.path, file) }),
  });
  return rules.map(({ location }) => location?.replace('.example', ''));
}

const USER = 'home/.config/containers';

test('the system’s file holds, then drop-in files by name, those of the user last', async () => {
  assert.deepEqual(await read({ 'etc/registries.conf': 'system' }), ['system']);
  const drops = {
    'etc/registries.conf': 'system',
    'etc/registries.conf.d/b.conf': 'b',
    'etc/registries.conf.d/a.conf': 'a',
  };
  assert.deepEqual(await read(drops), ['b']);
  assert.deepEqual(await read({ ...drops, 'etc/registries.conf.d/c.txt': 'c' }), ['b']);
  assert.deepEqual(await read({ ...drops, [`${USER}/registries.conf.d/a.conf`]: 'user-a' }), ['user-a']);
});

test('the user’s own file takes the place of the system’s with its drop-in files', async () => {
  const files = { 'etc/registries.conf.d/z.conf': 'z', [`${USER}/registries.conf`]: 'user' };
  assert.deepEqual(await read(files), ['user']);
  assert.deepEqual(await read({ ...files, [`${USER}/registries.conf.d/a.conf`]: 'user-a' }), ['user-a']);
});

test('a file that is named takes the place of both; drop-in files still come on top', async () => {
  const files = { [`${USER}/registries.conf`]: 'user', 'etc/registries.conf': 'system', 'named.conf': 'named' };
  assert.deepEqual(await read(files, 'named.conf'), ['named']);
  assert.deepEqual(await read({ ...files, 'etc/registries.conf.d/z.conf': 'z' }, 'named.conf'), ['z']);
  await assert.rejects(read(files, 'missing.conf'), {
    code: 'ERR_REGISTRIES_CONF',
    message: /missing.conf does not exist/,
  });
});

test('no file says nothing, and a broken one is named with its line', async () => {
  assert.deepEqual(await read({}), []);
  const broken = { 'etc/registries.conf.d/x.conf': '\n[[registry]\nlocation = 1' };
  await assert.rejects(read(broken), { code: 'ERR_REGISTRIES_CONF', message: /etc\/registries.conf.d\/x.conf:2: / });
});
