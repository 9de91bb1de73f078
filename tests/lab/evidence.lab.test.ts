/** Evidence of a real capture: what it lists, who signed it, who asked, and what becomes of it when a byte is changed. */
import assert from 'node:assert/strict';
import { open, readFile, rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { openArchive } from '@stillframe/checkpoint';
import { counterCommand, execute } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
const COUNTER = 'default/counters/counter';

interface Status {
  evidenceKey: { id: string; file: string; publicKey: string };
  signingKey: string;
}

interface Verification {
  holds: boolean;
  checks: Record<string, { state: string; text: string }>;
  entries: { name: string; what: string }[];
}

describe('evidence', { skip }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
    await lab.run(COUNTER, counterCommand[2] ?? '');
  });
  after(() => lab[Symbol.asyncDispose]());

  const capture = async () => {
    const { body } = await lab.curl(`/checkpoint/${COUNTER}`);
    return /^\{"items":\["([^"]+)"\]\}$/.exec(body)?.[1] ?? assert.fail(body);
  };
  const status = () => lab.stillframe.json<Status>(['node', 'status']);
  const verified = async (archive: string, key: string): Promise<Verification> => {
    const asked = ['verify', archive, '--key', key];
    // With exit code 1 the document is all that it says.
    return lab.stillframe.read<Verification>(asked).catch((error: Error) => JSON.parse(error.message));
  };

  test('is signed by the node, lists every entry, and says who asked', async () => {
    const { evidenceKey } = await status();
    assert.equal(await readFile(evidenceKey.file, 'utf8'), evidenceKey.publicKey);
    const archive = await capture();
    const found = await verified(archive, evidenceKey.file);
    assert.deepEqual(
      Object.entries(found.checks).map(([name, { state }]) => `${name} ${state}`),
      ['signature holds', 'archive holds', 'entries holds', 'memory holds', 'custody holds'],
    );
    const [line = ''] = (await readFile(`${archive}.custody.jsonl`, 'utf8')).split('\n');
    const entry = JSON.parse(line);
    assert.deepEqual([entry.who.user, entry.action, entry.previous], ['stillframe:admin', 'checkpoint', null]);
    assert.equal(entry.signature.keyid, evidenceKey.id);
    // What another tool takes out of the archive has the digests that are listed.
    const { predicate } = JSON.parse(
      Buffer.from(JSON.parse(await readFile(`${archive}.evidence.json`, 'utf8')).payload, 'base64').toString(),
    );
    const listed = predicate.entries.find(({ name }: { name: string }) => name === 'checkpoint/inventory.img');
    const { stdout } = await execute(['sh', '-c', `tar -xOf '${archive}' checkpoint/inventory.img | sha256sum`]);
    assert.equal(`sha256:${stdout.slice(0, 64)}`, listed.digest);
  });

  const predicateOf = async (archive: string) => {
    const { payload } = JSON.parse(await readFile(`${archive}.evidence.json`, 'utf8'));
    return JSON.parse(Buffer.from(payload, 'base64').toString()).predicate;
  };

  test('names everybody who shared a capture, and who asked by the command', async () => {
    const { evidenceKey } = await status();
    const [one = '', two] = await Promise.all([capture(), capture()]);
    assert.equal(one, two);
    const { askedBy } = await predicateOf(one);
    assert.deepEqual(
      askedBy.map(({ user, authenticated }: { user: string; authenticated: boolean }) => [user, authenticated]),
      Array(2).fill(['stillframe:admin', true]),
    );
    const found = await verified(one, evidenceKey.file);
    assert.equal(found.holds, true, JSON.stringify(found.checks));
    const { archive } = await lab.stillframe.json<{ archive: string }>(['checkpoint', COUNTER]);
    const [asker] = (await predicateOf(archive)).askedBy;
    assert.deepEqual([asker.authenticated, /\(uid 0\)/.test(asker.user)], [false, true]);
  });

  test('of a pod is one statement about all of it, which the node signs', async () => {
    const { evidenceKey } = await status();
    const { folder } = await lab.stillframe.json<{ folder: string }>([
      'checkpoint',
      'default/counters',
      '--all-containers',
    ]);
    const found = await verified(folder, evidenceKey.file);
    assert.equal(found.holds, true, JSON.stringify(found));
    await rm(`${folder}/counter.tar`);
    assert.equal((await verified(folder, evidenceKey.file)).holds, false);
  });

  test('shows a byte of memory that was changed afterwards', async () => {
    const { evidenceKey } = await status();
    const path = await capture();
    await using archive = await openArchive(path);
    const name = [...archive.entries.keys()].find((each) => /pages-.*\.img$/.test(each)) ?? assert.fail();
    const { offset = 0 } = archive.entries.get(name) ?? {};
    await using file = await open(path, 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset + 5000);
    await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, offset + 5000);
    const found = await verified(path, evidenceKey.file);
    assert.deepEqual([found.holds, found.entries.map((each) => [each.name, each.what])], [false, [[name, 'changed']]]);
    assert.equal(found.checks['memory']?.state, 'fails');
    assert.equal(found.checks['signature']?.state, 'holds');
  });

  test('is signed with another key once that lies in its place', async () => {
    const before = await status();
    const earlier = await readFile(before.evidenceKey.file, 'utf8');
    await rm(before.signingKey);
    const { evidenceKey } = await status();
    assert.notEqual(evidenceKey.publicKey, earlier);
    const found = await verified(await capture(), evidenceKey.file);
    assert.equal(found.checks['signature']?.state, 'holds');
  });
});
