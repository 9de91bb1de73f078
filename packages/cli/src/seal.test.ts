/** `stillframe seal` and `unseal`, and the commands that read a sealed archive where it lies. */
import assert from 'node:assert/strict';
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { custodyPath, evidencePath } from '@stillframe/evidence';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { atDesk, type Desk } from './desk.fixture.ts';
import { FIXTURE, writeEvidence } from './image/desk.fixture.ts';

/** A desk with an archive, its evidence, and an identity in `key.txt`. */
function atSealedDesk(use: (desk: Desk & { recipient: string }) => Promise<void>): Promise<void> {
  return atDesk(async (desk) => {
    const secret = await generateX25519Identity();
    await writeFile(join(desk.work, 'key.txt'), `# mine\n${secret}\n`, { mode: 0o600 });
    await copyFile(FIXTURE, join(desk.work, 'a.tar'));
    await writeEvidence(join(desk.work, 'a.tar'));
    await use({ ...desk, recipient: await identityToRecipient(secret) });
  });
}

const MINE = ['--identity', 'key.txt'];

test('a sealed archive is read where it lies, and comes out as it was captured, with its evidence', () =>
  atSealedDesk(async ({ work, run, left, recipient }) => {
    const sealed = await run('seal', 'a.tar', '--recipient', recipient, '-o', 'b.age', '--output', 'json');
    assert.equal(sealed.code, 0, sealed.stderr);
    assert.equal(JSON.parse(sealed.stdout).kind, 'SealedArchive');
    assert.ok(!(await readFile(join(work, 'b.age'))).includes('s3cr3t'));

    const closed = await run('inspect', 'b.age');
    assert.equal(closed.code, 1);
    assert.match(closed.stderr, /b\.age is sealed with age for 1 recipient.*ERR_AGE_SEALED/);
    assert.match((await run('search', 'b.age', 's3cr3t', ...MINE)).stdout, /TOKEN=s3cr3t/);
    const inspected = await run('inspect', 'b.age', ...MINE, '--verify', '--output', 'json');
    // The evidence of this desk says a size of 1: so it was found, and held against what was sealed.
    assert.match(inspected.stdout, /evidence-size-mismatch/);

    const unsealed = await run('unseal', 'b.age', ...MINE);
    assert.equal(unsealed.code, 0, unsealed.stderr);
    assert.match(unsealed.stdout, /it is what was recorded/);
    assert.ok((await readFile(join(work, 'b'))).equals(await readFile(FIXTURE)));
    assert.deepEqual(await readFile(join(work, evidencePath('b'))), await readFile(join(work, evidencePath('a.tar'))));
    const names = ['a.tar', 'b', 'b.age'].flatMap((name) => [name, evidencePath(name)]);
    const opened = ['a.tar', 'b.age'].map(custodyPath);
    assert.deepEqual(await left(), [...names, ...opened, 'key.txt'].sort());
  }));

test('what is not what was recorded is neither sealed nor unsealed, and nothing is left of it', () =>
  atSealedDesk(async ({ work, run, left, recipient }) => {
    await run('seal', 'a.tar', '-r', recipient);
    await writeEvidence(join(work, 'a.tar'), '0'.repeat(64));
    const refused = await run('seal', 'a.tar', '-r', recipient, '-o', 'other.age');
    assert.match(refused.stderr, /ERR_CHECKPOINT_DIGEST_MISMATCH/);
    await copyFile(join(work, evidencePath('a.tar')), join(work, evidencePath('a.tar.age')));
    const before = await left();
    assert.match((await run('unseal', 'a.tar.age', ...MINE, '-o', 'out.tar')).stderr, /ERR_CHECKPOINT_DIGEST_MISMATCH/);
    // But for the line that it was opened.
    assert.deepEqual(await left(), [...before, custodyPath('a.tar.age')].sort());
    assert.equal((await run('unseal', 'a.tar.age', ...MINE, '-o', 'out.tar', '--no-verify')).code, 0);
    assert.ok((await readFile(join(work, 'out.tar'))).equals(await readFile(FIXTURE)));
  }));

test('a sealed archive that was cut off or changed is refused by all commands', () =>
  atSealedDesk(async ({ work, run, left, recipient }) => {
    await run('seal', 'a.tar', '-r', recipient);
    const file = join(work, 'a.tar.age');
    const bytes = await readFile(file);
    bytes.writeUInt8(bytes.readUInt8(100_000) ^ 1, 100_000);
    await writeFile(file, bytes);
    await writeFile(join(work, 'cut.age'), bytes);
    await truncate(join(work, 'cut.age'), 200_000);
    const before = await left();
    assert.match((await run('unseal', 'a.tar.age', ...MINE, '-o', 'x.tar')).stderr, /ERR_AGE_DAMAGED/);
    for (const verb of ['inspect', 'unseal', 'restore'])
      assert.match((await run(verb, 'cut.age', ...MINE)).stderr, /ERR_AGE_(DAMAGED|TRUNCATED)/, verb);
    assert.deepEqual(await left(), [...before, custodyPath('a.tar.age')].sort());
  }));

test('nobody named, names taken, sealed twice: said before any work is done', () =>
  atSealedDesk(async ({ run, recipient }) => {
    const nobody = await run('seal', 'a.tar');
    assert.deepEqual([nobody.code, /--recipient/.test(nobody.stderr)], [2, true]);
    await run('seal', 'a.tar', '-r', recipient);
    assert.match((await run('seal', 'a.tar', '-r', recipient)).stderr, /ERR_CHECKPOINT_EXISTS/);
    assert.match((await run('unseal', 'a.tar.age', ...MINE)).stderr, /ERR_CHECKPOINT_EXISTS/);
    assert.equal((await run('seal', 'a.tar.age', '-r', recipient)).code, 2);
    assert.match((await run('image', 'build', 'a.tar.age', 'oci:l:a')).stderr, /ERR_ARCHIVE_SEALED/);
  }));
