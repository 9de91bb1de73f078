/** `stillframe image … --encryption-key` and `--decryption-key`, and the commands that read what they made. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { evidencePath } from '@stillframe/evidence';
import { Layout, parseManifest } from '@stillframe/oci';
import { atDesk as atOtherDesk } from '../desk.fixture.ts';
import { atDesk, type Desk, FIXTURE, writeEvidence } from './desk.fixture.ts';

/** `NAME.pub` and `NAME.pem`. */
async function writeKeys(at: (name: string) => string, ...names: string[]): Promise<void> {
  for (const name of names) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(at(`${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(at(`${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
}

const keyFor = ({ at }: Pick<Desk, 'at'>, name: string) => ['--encryption-key', `jwe:${at(`${name}.pub`)}`];

test('an archive is built encrypted, and comes out as it was captured, with its evidence', () =>
  atDesk(async (desk) => {
    const { at, run } = desk;
    await writeKeys(at, 'ada', 'bob', 'eve');
    await copyFile(FIXTURE, at('a.tar'));
    await writeEvidence(at('a.tar'));
    const place = `oci:${at('l')}:a`;
    const built = await run('build', at('a.tar'), place, ...keyFor(desk, 'ada'), ...keyFor(desk, 'bob'));
    assert.match(built.out, /encrypted/);
    // Nothing of the archive is in the layout in the open.
    for (const name of await readdir(at('l/blobs/sha256')))
      assert.ok(!(await readFile(at(`l/blobs/sha256/${name}`))).includes('s3cr3t'), name);

    type Seen = { encryption: { recipients: { keyId: string }[] }[]; recorded: { isArchive: boolean | null } };
    const { encryption, recorded, code } = await desk.json<Seen>('inspect', place);
    assert.equal(encryption[0]?.recipients.length, 2);
    assert.deepEqual([recorded.isArchive, code], [null, 0]);
    const inside = await desk.json<Seen>('inspect', place, '--decryption-key', at('bob.pem'));
    assert.deepEqual([inside.encryption, inside.recorded.isArchive], [undefined, true]);

    const out = at('out.tar');
    await assert.rejects(run('extract', place, out), { code: 'ERR_OCI_LAYER_ENCRYPTED' });
    const wrong = run('extract', place, out, '--decryption-key', at('eve.pem'));
    await assert.rejects(wrong, { code: 'ERR_OCI_LAYER_KEYS_WRONG', message: /2 recipients/ });
    assert.ok(!(await readdir(at('.'))).some((name) => name.startsWith('out') || name.startsWith('.stillframe')));
    await run('extract', place, out, '--decryption-key', at('bob.pem'));
    assert.ok((await readFile(out)).equals(await readFile(FIXTURE)));
    assert.deepEqual(await readFile(evidencePath(out)), await readFile(evidencePath(at('a.tar'))));
  }));

test('a copy encrypts, decrypts, encrypts anew, or leaves as it is', () =>
  atDesk(async (desk) => {
    const { at, run } = desk;
    await writeKeys(at, 'ada', 'bob');
    await copyFile(FIXTURE, at('a.tar'));
    await writeEvidence(at('a.tar'));
    const place = (tag: string) => `oci:${at('l')}:${tag}`;
    const layout = await Layout.create(at('l'));
    const digestAt = async (tag: string) => (await layout.resolve(tag)).digest;
    await run('build', at('a.tar'), place('plain'));
    await run('push', place('plain'), place('ada'), ...keyFor(desk, 'ada'));
    await run('copy', place('ada'), place('same'));
    assert.equal(await digestAt('same'), await digestAt('ada'));
    await run('copy', place('ada'), place('bob'), '--decryption-key', at('ada.pem'), ...keyFor(desk, 'bob'));
    await run('pull', place('bob'), place('back'), '--decryption-key', at('bob.pem'));
    assert.equal(await digestAt('back'), await digestAt('plain'));
    for (const tag of ['ada', 'bob']) {
      const { digest } = await layout.resolve(tag);
      assert.equal((await layout.referrers(digest)).length, 1, `evidence about ${tag}`);
    }
    const twice = run('copy', place('ada'), `oci:${at('other')}:x`, ...keyFor(desk, 'bob'));
    await assert.rejects(twice, { code: 'ERR_OCI_ENCRYPTION_UNSUPPORTED', hint: /--decryption-key/ });
    // A target is made only once all that can be refused was not.
    assert.ok(!(await readdir(at('.'))).includes('other'));
  }));

test('chain images are not encrypted: the refusal says why and what to do', () =>
  atDesk(async (desk) => {
    const { at, run } = desk;
    await writeKeys(at, 'ada');
    await copyFile(FIXTURE, at('a.tar'));
    await run('append', at('a.tar'), `oci:${at('l')}:a`);
    const refused = run('push', `oci:${at('l')}:a`, `oci:${at('m')}:a`, ...keyFor(desk, 'ada'));
    await assert.rejects(refused, { code: 'ERR_OCI_ENCRYPTION_UNSUPPORTED', message: /chain/ });
  }));

test('a pod of encrypted containers is one index; each is read by name', () =>
  atDesk(async (desk) => {
    const { at, run } = desk;
    await writeKeys(at, 'ada');
    await copyFile(FIXTURE, at('a.tar'));
    await run('build', at('a.tar'), `oci:${at('l')}:a`, '--index', ...keyFor(desk, 'ada'));
    const layout = await Layout.open(at('l'));
    const index = JSON.parse(Buffer.from(await layout.manifest(await layout.resolve('a'))).toString());
    const child = parseManifest(await layout.manifest(index.manifests[0]));
    assert.match(child.layers[0]?.mediaType ?? '', /\+encrypted$/);
    await run(
      'extract',
      `oci:${at('l')}:a`,
      at('out.tar'),
      '--decryption-key',
      at('ada.pem'),
      '--container',
      'counter',
    );
    assert.ok((await readFile(at('out.tar'))).equals(await readFile(FIXTURE)));
  }));

test('keys as they are written on the command line: ways, passphrases, and whom they are open to', () =>
  atDesk(async (desk) => {
    const { at, run } = desk;
    await writeKeys(at, 'ada');
    await copyFile(FIXTURE, at('a.tar'));
    const place = `oci:${at('l')}:a`;
    const pgp = run('build', at('a.tar'), place, '--encryption-key', 'pgp:ada@example.org');
    await assert.rejects(pgp, { code: 'ERR_USAGE_ARGUMENT' });
    const secret = run('build', at('a.tar'), place, '--encryption-key', `jwe:${at('ada.pem')}`);
    await assert.rejects(secret, { code: 'ERR_OCI_KEY_INVALID', message: /private key/ });
    assert.ok(!(await readdir(at('.'))).includes('l'));

    await run('build', at('a.tar'), place, ...keyFor(desk, 'ada'));
    await chmod(at('ada.pem'), 0o640);
    const warned = await run('extract', place, at('one.tar'), '--decryption-key', at('ada.pem'));
    assert.match(warned.err, /ada\.pem is secret.*0640/);

    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const locked = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'opensesame' } as const;
    await writeFile(at('bob.pub'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(at('bob.pem'), pair.privateKey.export(locked), { mode: 0o600 });
    await writeFile(at('word'), 'opensesame\n');
    await run('build', at('a.tar'), `oci:${at('l')}:b`, ...keyFor(desk, 'bob'));
    const bob = `oci:${at('l')}:b`;
    await assert.rejects(run('extract', bob, at('two.tar'), '--decryption-key', at('bob.pem')), { hint: /file=/ });
    await run('extract', bob, at('two.tar'), '--decryption-key', `${at('bob.pem')}:file=${at('word')}`);
    const shown = await run('extract', bob, at('three.tar'), '--decryption-key', `${at('bob.pem')}:pass=opensesame`);
    assert.match(shown.err, /can be seen by others/);
    assert.ok(!shown.err.includes('opensesame'));
  }));

test('what is encrypted in a layout is searched where it lies, with the key', () =>
  atOtherDesk(async ({ work, run, left }) => {
    await writeKeys((name) => `${work}/${name}`, 'ada');
    await copyFile(FIXTURE, `${work}/a.tar`);
    assert.equal((await run('image', 'build', 'a.tar', 'oci:l:a', '--encryption-key', 'jwe:ada.pub')).code, 0);
    const without = await run('search', 'oci:l:a', 's3cr3t');
    assert.equal(without.code, 1);
    assert.match(without.stderr, /ERR_OCI_LAYER_ENCRYPTED/);
    const found = await run('search', 'oci:l:a', 's3cr3t', '--decryption-key', 'ada.pem');
    assert.match(found.stdout, /TOKEN=s3cr3t/);
    // The layout's folder is read as well, by its path.
    assert.equal((await run('ps', 'oci:l:a', '--decryption-key', 'ada.pem')).code, 0);
    assert.deepEqual(await left(), ['a.tar', 'ada.pem', 'ada.pub', 'l']);
  }));
