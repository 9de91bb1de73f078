/** `stillframe scan` as a user runs it: formats, and the way from a finding to its place. */
import assert from 'node:assert/strict';
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at } from '@stillframe/core';
import { decodeEnvelope, makeSigningKey, publicPemOf, readSigningKey } from '@stillframe/evidence';
import { type Finding, parseReference } from '@stillframe/forensics';
import { atDesk } from '../desk.fixture.ts';
import { findingsText } from '../scan/text.ts';

const CRIO = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

test('each format of others is sound JSON, alike in every run, with the archive’s digest in it', () =>
  atDesk(async ({ run }) => {
    const shapes = { sarif: 'runs', stix: 'objects', case: '@graph' } as const;
    for (const [format, member] of Object.entries(shapes)) {
      const [one, other] = [await run('scan', CRIO, '--output', format), await run('scan', CRIO, '--output', format)];
      assert.deepEqual([one.code, one.stderr, one.stdout], [0, '', other.stdout]);
      assert.ok(Array.isArray(at(JSON.parse(one.stdout), member)), format);
      assert.match(one.stdout, /[0-9a-f]{64}/);
    }
    const { code, stdout } = await run('scan', CRIO, '--minimum', 'info', '--output', 'ocsf');
    assert.equal(code, 0);
    for (const line of stdout.split('\n').slice(0, -1)) assert.equal(at(JSON.parse(line), 'class_uid'), 2004);
  }));

test('a finding names the command that opens its first place, which a shell takes as it is', () => {
  const reference = parseReference('rootfs/a%20b');
  const finding: Finding = {
    ...{ id: '0', rule: 'r', title: 't', severity: 'high', techniques: ['T1611'], summary: 'x\u001b[2J' },
    references: [reference],
  };
  const text = findingsText([finding], 'my web.tar');
  assert.match(
    text,
    /^HIGH {6}x\\x1b\[2J\n {10}rootfs\/a%20b\n {10}r {2}T1611\n {10}stillframe show 'my web\.tar' rootfs\/a%20b\n/,
  );
  assert.match(text, /\none finding in my web\.tar: 1 high\n\nnext: stillframe secrets 'my web\.tar' --rotation /);
  assert.match(findingsText([finding], 'web.tar', 3), /: 1 high; 3 of less severity: --minimum info shows all\n\nnext/);
  assert.equal(
    findingsText([], 'web.tar', 1),
    'nothing suspicious was found; 1 of less severity: --minimum info shows all\n',
  );
});

test('a rule or a day that there is not is told as a mistake of the caller', () =>
  atDesk(async ({ run }) => {
    const rule = await run('scan', CRIO, '--rule', 'minr');
    assert.equal(rule.code, 2);
    assert.match(rule.stderr, /there is no rule "minr"/);
    const day = await run('timeline', CRIO, '--from', '2026-02-31');
    assert.equal(day.code, 2);
  }));

const COMPROMISED = fileURLToPath(new URL('../../../forensics/fixtures/compromised.tar.zst', import.meta.url));

test('a record of the same run has the same bytes, signed with Ed25519 too; with ECDSA its statement has', () =>
  atDesk(async ({ run, work, left }) => {
    for (const kind of ['ed25519', 'p256'] as const)
      await writeFile(join(work, `${kind}.pem`), makeSigningKey(kind), { mode: 0o600 });
    const recorded = async (name: string, key: string) => {
      const { code } = await run('scan', COMPROMISED, '--record', name, '--key', key);
      assert.equal(code, 0);
      return readFile(join(work, name), 'utf8');
    };
    const plain = await recorded('1.json', 'ed25519.pem');
    assert.equal(await recorded('2.json', 'ed25519.pem'), plain);
    const [one, other] = [await recorded('3.json', 'p256.pem'), await recorded('4.json', 'p256.pem')];
    assert.notEqual(one, other);
    const payloads = [plain, one, other].map((text) => Buffer.from(decodeEnvelope(text).payload).toString());
    assert.equal(new Set(payloads).size, 1);
    assert.ok(Number(at(JSON.parse(payloads[0] ?? ''), 'predicate', 'results', 'count')) > 10);
    assert.ok(!payloads[0]?.includes(work));
    assert.match((await run('scan', COMPROMISED, '--record', '1.json')).stderr, /\[ERR_OUTPUT_EXISTS\]/);
    assert.deepEqual(await left(), ['1.json', '2.json', '3.json', '4.json', 'ed25519.pem', 'p256.pem']);
  }));

test('a record is checked by running again: another archive, option, signer or a changed finding is told', () =>
  atDesk(async ({ run, work }) => {
    const [archive, record] = [join(work, 'web.tar.zst'), join(work, 'web.json')];
    await cp(COMPROMISED, archive);
    const pem = makeSigningKey();
    await writeFile(join(work, 'lab.pem'), pem, { mode: 0o600 });
    await writeFile(join(work, 'lab.pub'), publicPemOf(readSigningKey(pem)));
    await writeFile(join(work, 'other.pub'), publicPemOf(readSigningKey(makeSigningKey())));
    await run('scan', archive, '--record', record, '--key', 'lab.pem');
    const check = (of: string, ...more: string[]) => run('scan', of, '--check-record', record, ...more);
    await rename(archive, join(work, 'renamed.tar.zst'));
    const same = await check('renamed.tar.zst', '--key', 'lab.pub');
    assert.deepEqual([same.code, same.stderr], [0, '']);
    assert.match(same.stdout, /^signature +holds: by lab\.pub\nrun +holds: this run gives the same bytes\n/);
    const json = JSON.parse((await check('renamed.tar.zst', '--key', 'lab.pub', '--output', 'json')).stdout) as unknown;
    assert.deepEqual([at(json, 'kind'), at(json, 'holds')], ['RecordCheck', true]);
    assert.equal((await check('renamed.tar.zst', '--key', 'other.pub')).code, 1);
    const option = await check('renamed.tar.zst', '--no-memory');
    assert.equal(option.code, 1);
    assert.match(option.stdout, /options +memory: true was recorded, false is now/);
    assert.match((await check(CRIO)).stdout, /inputs +archive: [\s\S]*results +digest: /);
    const envelope = JSON.parse(await readFile(record, 'utf8')) as { payload: string };
    const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"severity":"high"', '"severity":"low"');
    await writeFile(record, JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }));
    const changed = await check('renamed.tar.zst', '--key', 'lab.pub');
    assert.equal(changed.code, 1);
    assert.match(changed.stdout, /signature +DOES NOT HOLD[\s\S]*run +DOES NOT HOLD[\s\S]*findings: /);
  }));

test('options of records that contradict each other are refused before anything is read', () =>
  atDesk(async ({ run }) => {
    const rows = [
      ['--record', 'a', '--check-record', 'b'],
      ['--key', 'a'],
      ['--record', 'a', '--key', 'b', '--key', 'c'],
    ];
    for (const words of rows) assert.equal((await run('scan', CRIO, ...words)).code, 2, words.join(' '));
  }));
