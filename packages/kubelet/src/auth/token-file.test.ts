import assert from 'node:assert/strict';
import { chmod, rename, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { CsvFault, parseCsv } from './csv.ts';
import { openTokenFile, parseTokens, userOfToken } from './token-file.ts';

test('a file as Kubernetes documents it is read', () => {
  const tokens = parseTokens(
    's3cret,jane,42,"readers,forensics"\r\nother,robot,\n\n"with ""quotes"", and comma",x,1\n',
  );
  assert.deepEqual(userOfToken(tokens, 's3cret'), {
    name: 'jane',
    uid: '42',
    groups: ['readers', 'forensics', 'system:authenticated'],
  });
  assert.deepEqual(userOfToken(tokens, 'other'), { name: 'robot', groups: ['system:authenticated'] });
  assert.equal(userOfToken(tokens, 'with "quotes", and comma')?.name, 'x');
  for (const no of ['', 's3cre', 's3cret ', 'S3CRET']) assert.equal(userOfToken(tokens, no), undefined);
});

test('of what is read only digests are kept', () => {
  assert.doesNotMatch(JSON.stringify(parseTokens('s3cret,jane,42\n')), /s3cret/);
});

test('a fault names its place, and nothing that stands there', () => {
  const faults = [
    ['a,b,c\ns3cret,jane\n', /record 2 has less than the three columns/],
    [',jane,1\n', /record 1 has no token/],
    ['s3cret,,1\n', /record 1 has no user/],
    ['a,b,c\nd,e,f\ns3"cret,jane,1\n', /line 3 has a quote/],
    ['"s3cret,jane,1\n', /line 1 has a quote/],
  ] as const;
  for (const [text, words] of faults) {
    assert.throws(
      () => parseTokens(text),
      (error) => error instanceof CsvFault && words.test(error.message) && !error.message.includes('s3'),
    );
  }
});

test('whatever values there are, written as RFC 4180 says they are read again', () => {
  const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
  const record = fc.array(fc.string({ unit: codePoint }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), (records, end) => {
      const text = records.map((fields) => fields.map(quoted).join(',') + end).join('');
      assert.deepEqual(parseCsv(text), records);
      assert.deepEqual(parseCsv(text.slice(0, -end.length)), records);
    }),
  );
});

test('whatever a file holds, it is read or refused, and every token in it is one of three columns', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é') }), (text) => {
      try {
        for (const { user, digest } of parseTokens(text)) assert.ok(user.name !== '' && digest.length === 32);
      } catch (error) {
        assert.ok(error instanceof CsvFault, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('a file is closed to others, read again when it changes, and not obeyed while it is unsound', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'tokens.csv');
  await assert.rejects(openTokenFile(path, silentLogger), { code: 'ERR_KUBELET_FILE_UNSOUND' });
  await writeFile(path, 'one,jane,1\n', { mode: 0o640 });
  await assert.rejects(openTokenFile(path, silentLogger), {
    message: /mode 0640, which lets others read it/,
    hint: /chmod 600/,
  });
  await chmod(path, 0o600);
  const said: string[] = [];
  const logger = { log: (_level: string, message: string) => void said.push(message) };
  const file = await openTokenFile(path, logger);
  const names = async () => (await file.current())?.map(({ user }) => user.name);
  assert.deepEqual(await names(), ['jane']);

  await writeFile(join(folder.path, 'next'), 'two,jim,2\n', { mode: 0o600 });
  await rename(join(folder.path, 'next'), path);
  assert.deepEqual(await names(), ['jim']);

  await writeFile(path, 'half,a\n');
  assert.equal(await names(), undefined);
  assert.equal(await names(), undefined);
  assert.equal(said.length, 1, 'told once');
  await writeFile(path, 'three,joe,3\n');
  assert.deepEqual(await names(), ['joe']);
  await writeFile(path, '\ufefffour,ann,4\n');
  assert.equal(userOfToken((await file.current()) ?? [], 'four')?.name, 'ann', 'with a mark of its encoding');
  await chmod(path, 0o644);
  assert.equal(await names(), undefined, 'opened to others');
});

test('a folder, a pipe and a file that is too large are refused', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await assert.rejects(openTokenFile(folder.path, silentLogger), /is no regular file|cannot be used/);
  const large = join(folder.path, 'large');
  await writeFile(large, Buffer.alloc((4 << 20) + 1, 'a'), { mode: 0o600 });
  await assert.rejects(openTokenFile(large, silentLogger), /is larger than/);
  await symlink('/dev/zero', join(folder.path, 'zero'));
  await assert.rejects(openTokenFile(join(folder.path, 'zero'), silentLogger), /is no regular file/);
});
