import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { checkpointOf, read } from './made-checkpoint.fixture.ts';
import { packages } from './packages.ts';

const hash = (algorithm: string, text: string, encoding: 'hex' | 'base64') =>
  createHash(algorithm).update(text).digest(encoding);
const told = async (files: Parameters<typeof checkpointOf>[0]) => {
  await using checkpoint = await checkpointOf(files);
  const { rows } = await read(packages, checkpoint);
  return { managers: rows.managers, files: rows.files.map((file) => `${file.path} ${file.package} ${file.content}`) };
};

test('dpkg says which files are a package’s, and whether they are as it brought them, on either side of a merged /usr', async () => {
  const md5 = (text: string) => hash('md5', text, 'hex');
  assert.deepEqual(
    await told({
      'usr/bin/tool': 'tool',
      'usr/bin/other': 'trojan',
      'etc/tool.conf': 'edited',
      'usr/bin/stranger': 'x',
      'var/lib/dpkg/info/tool:amd64.list': '/.\n/bin/tool\n/bin/other\n/usr/share/doc/tool\n',
      'var/lib/dpkg/info/tool:amd64.md5sums': `${md5('tool')}  bin/tool\n${md5('other')}  bin/other\n`,
      'var/lib/dpkg/status': `Package: tool\nConffiles:\n /etc/tool.conf ${md5('as installed')}\n`,
    }),
    {
      managers: ['dpkg'],
      files: ['/usr/bin/tool tool same', '/usr/bin/other tool other', '/etc/tool.conf tool other'],
    },
  );
});

test('apk says it in one file, by SHA-1', async () => {
  const line = (text: string) => `Z:Q1${hash('sha1', text, 'base64')}`;
  const installed = `P:curl\nV:8\nF:usr/bin\nR:curl\na:0:0:755\n${line('curl')}\nR:wcurl\nF:etc\n\nP:musl\nF:lib\nR:libc.so\n${line('musl')}\n`;
  assert.deepEqual(
    await told({
      'usr/bin/curl': 'curl',
      'usr/bin/wcurl': 'x',
      'lib/libc.so': 'trojan',
      'lib/apk/db/installed': installed,
    }),
    { managers: ['apk'], files: ['/usr/bin/curl curl same', '/usr/bin/wcurl curl unknown', '/lib/libc.so musl other'] },
  );
});

test('of rpm it is known only that it was at work; without a database nobody was', async () => {
  assert.deepEqual(await told({ 'var/lib/rpm/rpmdb.sqlite': 'x', 'usr/bin/a': 'a' }), { managers: ['rpm'], files: [] });
  assert.deepEqual(await told({ 'usr/bin/a': 'a' }), { managers: [], files: [] });
});
