/** Rules over files, code and network find what was planted in one fixture, and nothing bad in the other. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { openCheckpoint } from '@stillframe/checkpoint';
import { analyse, type Finding, isAtLeast, referenceText } from '@stillframe/forensics';
import type { PlantedChange, Truth } from '../lab/compromised/truth.ts';

const FIXTURES = join(import.meta.dirname, '../../packages/forensics/fixtures');
const CHECKPOINTS = join(import.meta.dirname, '../../packages/checkpoint/fixtures');

async function findingsOf(path: string): Promise<readonly Finding[]> {
  await using checkpoint = await openCheckpoint(path);
  return (await analyse(checkpoint, { memory: false })).findings;
}

/** Which rule tells of what was done to a file. */
const RULES: Readonly<Record<PlantedChange['what'], string>> = {
  ...{ 'second-root': 'account-second-root', cron: 'cron-changed', profile: 'shell-start-changed' },
  ...{ 'library-preload': 'loader-preload', 'setuid-shell': 'privileged-file', 'authorized-keys': 'ssh-key-added' },
  ...{ 'web-shell': 'web-shell', 'truncated-log': 'log-cleared', 'system-binary': 'system-file-changed' },
};

describe('a compromised container', () => {
  let truth: Truth;
  let findings: readonly Finding[];
  before(async () => {
    truth = JSON.parse(await readFile(join(FIXTURES, 'compromised.truth.json'), 'utf8'));
    findings = await findingsOf(join(FIXTURES, 'compromised.tar.zst'));
  });
  const found = (rule: string, reference: string) =>
    assert.ok(
      findings.some((each) => each.rule === rule && each.references.some((at) => referenceText(at) === reference)),
      `${rule} does not tell of ${reference}`,
    );

  test('every change that was planted is told by its rule', () => {
    for (const { what, path } of truth.changes) found(RULES[what], `rootfs${path}`);
  });

  test('both places where code was changed are told, one with both bytes, the other as a jump into no file', () => {
    for (const { pid, address, path, before: file, bytes } of truth.patched) {
      const told = findings.find(
        ({ rule, references: [at] }) =>
          rule === 'code-patched' && referenceText(at).startsWith(`memory/${pid}/${address}+`),
      );
      assert.ok(told, `${path} of process ${pid}`);
      if (path.includes('libc')) assert.match(told.summary, /which is in no file/);
      else assert.ok(told.summary.includes(file) && told.summary.includes(bytes), told.summary);
    }
  });

  test('the back door, the sniffer and the deleted files are told', () => {
    found('listener-unexpected', `fd/${truth.listener.pid}/${truth.listener.fd}`);
    found('packet-socket', `fd/${truth.sniffer.pid}/${truth.sniffer.packetFd}`);
    found('raw-socket', `fd/${truth.sniffer.pid}/${truth.sniffer.rawFd}`);
    for (const { pid, fd } of truth.deletedFiles) found('deleted-file-held', `fd/${pid}/${fd}`);
  });
});

describe('containers that nobody broke into', () => {
  test('the clean sibling gives nothing from medium on', async () => {
    const worse = (await findingsOf(join(FIXTURES, 'clean.tar.zst'))).filter(({ severity }) =>
      isAtLeast(severity, 'medium'),
    );
    assert.deepEqual(worse, []);
  });

  for (const name of ['podman-redis', 'podman-counter', 'crio-counter', 'containerd-counter', 'open-files']) {
    test(`${name} gives nothing above medium`, async () => {
      const worse = (await findingsOf(join(CHECKPOINTS, `${name}.tar`))).filter(({ severity }) =>
        isAtLeast(severity, 'high'),
      );
      assert.deepEqual(worse, []);
    });
  }
});
