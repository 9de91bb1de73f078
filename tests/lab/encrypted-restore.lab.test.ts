/** Restores of what is encrypted: sealed archives and images, with keys of the user's and of the node's. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needs } from '@stillframe/testkit';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { type CriLab, openCriLab } from './lab.ts';
import { waitForLines } from './log-lines.ts';

const { skip } = needs('checkpoint', 'docker-registry');

describe('encrypted checkpoints are restored', { skip }, () => {
  let lab: CriLab;
  let archive: string;
  let captured: number;
  const at = (name: string) => join(lab.folder, name);
  before(async () => {
    lab = await openCriLab();
    const log = await lab.run('default/web/app', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done');
    await waitForLines(log, 5);
    archive = (await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/web/app'])).archive;
    captured = 5;
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(at('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(at('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  });
  after(() => lab?.[Symbol.asyncDispose]());

  /** Restores, and waits until the copy counts on. */
  async function restored(...what: string[]): Promise<void> {
    const { restored } = await lab.stillframe.json<{ restored: { logPath: string }[] }>(['restore', ...what]);
    const numbers = await waitForLines(restored[0]?.logPath ?? '', captured + 10);
    assert.deepEqual(
      numbers,
      numbers.map((_number, index) => index + 1),
    );
  }
  const plain = async (folder: string) =>
    (await readdir(folder)).filter((name) => name.startsWith('.stillframe-restore'));

  test('a sealed archive, with its identity; nothing of it is left in the open', async () => {
    const secret = await generateX25519Identity();
    await writeFile(at('id.txt'), secret, { mode: 0o600 });
    await mkdir(at('sealed'));
    const sealed = at('sealed/web.tar.age');
    await lab.stillframe.read(['seal', archive, '--recipient', await identityToRecipient(secret), '-o', sealed]);
    await assert.rejects(lab.stillframe.json(['restore', sealed]), /ERR_AGE_SEALED/);
    await restored(sealed, '--identity', at('id.txt'));
    assert.deepEqual(await plain(at('sealed')), []);
  });

  test('an image of a layout, with the user’s key', async () => {
    const place = `oci:${at('layout')}:web`;
    await lab.stillframe.read(['image', 'build', archive, place, '--encryption-key', `jwe:${at('key.pub')}`]);
    await assert.rejects(lab.stillframe.json(['restore', place]), /ERR_OCI_LAYER_ENCRYPTED/);
    await restored(place, '--decryption-key', at('key.pem'));
    assert.deepEqual(await plain(at('layout')), []);
  });

  test('an image of a registry: refused by a node without keys, restored with the user’s key, and by a node with its own', async () => {
    const image = `${lab.registry}/web:1`;
    await lab.stillframe.read(['image', 'build', archive, image, '--encryption-key', `jwe:${at('key.pub')}`]);
    await assert.rejects(lab.stillframe.json(['restore', image]), /ERR_OCI_LAYER_ENCRYPTED[\s\S]*decryptionKeys/);
    await restored(image, '--decryption-key', at('key.pem'));

    await mkdir(at('keys'));
    await writeFile(at('node.yaml'), `images:\n  decryptionKeys: ${at('keys')}\n`);
    await lab.stillframe.atNode(['node', 'down']);
    const rest = ['--config', at('node.yaml'), '--port', '0', '--cgroup-parent', `/${basename(lab.folder)}`];
    await lab.stillframe.atNode(['node', 'up'], rest);
    await assert.rejects(lab.stillframe.json(['restore', image]), /ERR_OCI_LAYER_ENCRYPTED/);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(at('keys/other.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await assert.rejects(lab.stillframe.json(['restore', image]), /ERR_OCI_LAYER_KEYS_WRONG/);
    // A key that comes is used without a restart.
    await writeFile(at('keys/web.pem'), await readFile(at('key.pem')), {
      mode: 0o600,
    });
    await restored(image);
  });
});
