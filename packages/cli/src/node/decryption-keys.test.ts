import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Logger } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { DEFAULT_KEYS, readKeyFolder } from './decryption-keys.ts';

test('the keys of a folder are taken, what is none is told and passed over', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const plain = { type: 'pkcs8', format: 'pem' } as const;
  const put = (name: string, text: string | Buffer, mode = 0o600) => writeFile(join(folder.path, name), text, { mode });
  await put('a.pem', privateKey.export(plain));
  await put('b.pem', privateKey.export({ ...plain, cipher: 'aes-256-cbc', passphrase: 'opensesame' }));
  await put('c.pem', privateKey.export(plain), 0o644);
  await put('README', 'the keys of this node');
  const told: string[] = [];
  const logger: Logger = { log: (_level, message, fields) => void told.push(`${message} ${JSON.stringify(fields)}`) };
  const keys = await readKeyFolder(folder.path, logger);
  assert.deepEqual(
    keys.map(({ name }) => name),
    [join(folder.path, 'a.pem'), join(folder.path, 'c.pem')],
  );
  assert.deepEqual(
    told.map((line) => /README|b\.pem|others may read/.exec(line)?.[0]),
    ['README', 'b.pem', 'others may read'],
  );
  assert.ok(!told.join().includes('PRIVATE KEY'));
});

test('a folder that is not there is told, unless it is the default one', async () => {
  const told: string[] = [];
  const logger: Logger = { log: (_level, message) => void told.push(message) };
  await using folder = await openTemporaryFolder(tmpdir());
  assert.deepEqual(await readKeyFolder(join(folder.path, 'none'), logger), []);
  assert.equal(told.length, 1);
  assert.match(DEFAULT_KEYS, /^\/etc\//);
});
