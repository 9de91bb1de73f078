import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { CustodyChecker, makeSigningKey, readVerifyingKey } from '@stillframe/evidence';
import { writeEvidence } from '../image/desk.fixture.ts';
import { commandOf, noteAccess } from './note.ts';

const signal = new AbortController().signal;

test('words that may be secret are left out, and long ones are cut', () => {
  assert.deepEqual(commandOf(['image', 'build', 'a.tar', 'oci:l', '--sign-key', 'FILE', '--decryption-key=k:pass=x']), {
    action: 'image build',
    words: ['a.tar', 'oci:l', '--sign-key', '…', '--decryption-key=…'],
  });
  assert.deepEqual(commandOf(['search', 'a.tar', 'x'.repeat(1000)]).words[1]?.length, 512);
  assert.equal(commandOf(Array.from({ length: 100 }, () => 'w')).words.length, 64);
  assert.equal(commandOf([]).action, 'open');
});

test('an access is signed with the key that the environment names, and not noted where that says so', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const archive = join(folder.path, 'a.tar');
  await writeFile(archive, 'archive');
  await writeEvidence(archive);
  const pem = makeSigningKey();
  await writeFile(join(folder.path, 'my.key'), pem, { mode: 0o600 });
  const said: string[] = [];
  const io = (env: Record<string, string>) => ({
    env,
    argv: ['ps', 'a.tar'],
    err: (text: string) => void said.push(text),
    signal,
  });
  await noteAccess(archive, io({ STILLFRAME_CUSTODY: 'off' }));
  assert.deepEqual((await readdir(folder.path)).sort(), ['a.tar', 'a.tar.evidence.json', 'my.key']);
  await noteAccess(archive, io({ STILLFRAME_CUSTODY_KEY: join(folder.path, 'my.key') }));
  const line = (await readFile(`${archive}.custody.jsonl`, 'utf8')).trimEnd();
  const { archive: about, statement } = JSON.parse(line);
  const checker = new CustodyChecker([readVerifyingKey(pem)], { archive: about.digest, statement });
  checker.accept(Buffer.from(line), true);
  assert.deepEqual(checker.end().signatures, { valid: 1, unknown: 0, none: 0 });
  // A key that cannot be read is told; an entry without its signature would look like one that was never to have one.
  await noteAccess(archive, io({ STILLFRAME_CUSTODY_KEY: join(folder.path, 'none.key') }));
  assert.equal((await readFile(`${archive}.custody.jsonl`, 'utf8')).trimEnd(), line);
  assert.match(said.join(), /not in the chain of custody.*none\.key/);
});
