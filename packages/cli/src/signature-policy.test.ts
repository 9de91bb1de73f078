import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { atDesk, FIXTURE } from './image/desk.fixture.ts';
import type { Io } from './io.ts';
import { openEvidence } from './open-evidence.ts';

const REJECT = JSON.stringify({ default: [{ type: 'reject' }] });

test('a layout that is named by its path alone, folder or tar, is asked about like every other', () =>
  atDesk(async ({ at, run, write }) => {
    await run('build', FIXTURE, `oci:${at('layout')}:latest`);
    await promisify(execFile)('tar', ['--create', '--file', at('layout.tar'), '--directory', at('layout'), '.']);
    const home = dirname(at('layout'));
    const io = { env: { HOME: home }, err: () => undefined, signal: new AbortController().signal } as unknown as Io;
    const places = [at('layout'), at('layout.tar'), `oci:${at('layout')}`];
    const open = async (what: string, options = {}) => {
      await using evidence = await openEvidence(what, io, options);
      assert.ok(evidence.archive.has('checkpoint/inventory.img'));
    };
    for (const what of places) await open(what, { insecurePolicy: true });
    const policy = await write('reject.json', REJECT);
    for (const what of places) await assert.rejects(open(what, { policy }), { code: 'ERR_OCI_IMAGE_REFUSED' });
    await write('.config/containers/policy.json', REJECT);
    for (const what of places) await assert.rejects(open(what), { code: 'ERR_OCI_IMAGE_REFUSED' });
    const signed = 'r.example/a:1';
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await write('k.key', String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
    const pub = await write('k.pub', String(publicKey.export({ type: 'spki', format: 'pem' })));
    const identity = { type: 'exactReference', dockerReference: signed };
    const row = [{ type: 'sigstoreSigned', keyPath: pub, signedIdentity: identity }];
    // Of the tar alone: it is another transport, with scopes of its own.
    const transports = { 'oci-archive': { [home]: row } };
    const signing = await write('signed.json', JSON.stringify({ default: [{ type: 'reject' }], transports }));
    await assert.rejects(open(at('layout.tar'), { policy: signing }), /a signature is required, and it has none/);
    await run('sign', `oci:${at('layout')}:latest`, '--key', at('k.key'), '--sign-identity', signed);
    await promisify(execFile)('tar', ['--create', '--file', at('layout.tar'), '--directory', at('layout'), '.']);
    await open(at('layout.tar'), { policy: signing });
    await assert.rejects(open(at('layout'), { policy: signing }), /refused by the policy for default: it rejects all/);
  }));
