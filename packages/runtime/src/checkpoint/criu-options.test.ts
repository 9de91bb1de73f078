import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { dropRestoreOptions, writeRestoreOptions } from '../restore/restore-options.ts';
import { criuOptionsOf, leavesRunning, ociFlags, timeLimit, writeCriuConfig } from './criu-options.ts';

const options = (annotations: Record<string, string>) => {
  const full = Object.entries(annotations).map(([name, value]) => [`io.stillframe.criu/${name}`, value]);
  return criuOptionsOf(Object.fromEntries(full), 'nftables');
};

test('by default a capture does not fail for a connection or a lock', () => {
  assert.deepEqual(options({}), {
    tcpEstablished: true,
    skipInFlight: false,
    fileLocks: true,
    ghostLimit: 64 << 20,
    networkLock: 'nftables',
    tcpClose: false,
    extUnixSk: false,
    linkRemap: false,
    manageCgroups: 'soft',
  });
});

test('every option can be set by its annotation', () => {
  const set = options({
    'tcp-established': 'false',
    'skip-in-flight': 'true',
    'file-locks': 'false',
    'ghost-limit': '4294967295',
    'network-lock': 'skip',
    'link-remap': 'true',
    'ext-unix-sk': 'true',
    'tcp-close': 'true',
    'manage-cgroups': 'full',
    'leave-running': 'false',
  });
  const { tcpEstablished, skipInFlight, fileLocks, ghostLimit, networkLock } = set;
  assert.deepEqual([set.linkRemap, set.extUnixSk, set.tcpClose, set.manageCgroups], [true, true, true, 'full']);
  assert.deepEqual(ociFlags(set), ['--manage-cgroups-mode', 'full']);
  assert.deepEqual([tcpEstablished, skipInFlight, fileLocks], [false, true, false]);
  assert.deepEqual([ghostLimit, networkLock], [4294967295, 'skip']);
});

test('the time that a capture may take is said in seconds', () => {
  const limit = (value: string) => timeLimit({ 'io.stillframe.criu/timeout': value });
  assert.equal(timeLimit({}), undefined);
  assert.deepEqual([limit('1'), limit('86400')], [1, 86_400]);
  for (const value of ['', '0', '-1', '1.5', '86401', '1e3', ' 1', '1m']) {
    assert.throws(() => limit(value), { code: 'ERR_CONTAINER_INVALID', hint: /seconds from 1 to 86400/ }, value);
  }
  assert.doesNotThrow(() => options({ timeout: '5' }), 'it is a known name');
});

test('a value that is not understood is refused and what it takes is said', () => {
  const wrong: [string, string, RegExp][] = [
    ['tcp-established', 'yes', /"true" or "false"/],
    ['file-locks', '', /"true" or "false"/],
    ['skip-in-flight', 'TRUE', /"true" or "false"/],
    ['manage-cgroups', 'none', /soft, full, strict, ignore/],
    ['network-lock', 'iptables\nlog-file /etc/passwd', /"nftables", "iptables" or "skip"/],
    ...['', '-1', '4294967296', '1.5', '1M', '0x10', ' 7', '1e3', 'NaN', '7\nexec-cmd'].map(
      (value): [string, string, RegExp] => ['ghost-limit', value, /bytes below 4 GiB/],
    ),
  ];
  for (const [name, value, hint] of wrong) {
    assert.throws(() => options({ [name]: value }), { code: 'ERR_CONTAINER_INVALID', hint }, `${name}=${value}`);
  }
});

test('the configuration file has one option a line, as CRIU reads it', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'criu.conf');
  await writeCriuConfig(path, options({}));
  assert.equal(
    await readFile(path, 'utf8'),
    'tcp-established\nfile-locks\nghost-limit 67108864\nnetwork-lock nftables\n',
  );
  await writeCriuConfig(path, options({ 'tcp-established': 'false', 'skip-in-flight': 'true', 'file-locks': 'false' }));
  assert.equal(await readFile(path, 'utf8'), 'skip-in-flight\nghost-limit 67108864\nnetwork-lock nftables\n');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('an option that nobody knows is refused, annotations of others are left alone', () => {
  assert.throws(() => options({ 'tcp-establish': 'true' }), {
    code: 'ERR_CONTAINER_INVALID',
    message: /tcp-establish/,
  });
  criuOptionsOf({ 'io.stillframe.checkpoint/for': 'cri-o', other: 'x' }, 'nftables');
});

test('a container runs on after its checkpoint unless it says otherwise', () => {
  assert.equal(leavesRunning({}), true);
  assert.equal(leavesRunning({ 'io.stillframe.criu/leave-running': 'false' }), false);
  assert.throws(() => leavesRunning({ 'io.stillframe.criu/leave-running': 'no' }), { code: 'ERR_CONTAINER_INVALID' });
});

test('what only a restore may heed is a comment for CRIU at the dump', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'criu.conf');
  await writeCriuConfig(path, options({ 'tcp-close': 'true' }));
  assert.match(await readFile(path, 'utf8'), /^# tcp-close$/m);
  await writeRestoreOptions({ criuConfig: path });
  assert.match(await readFile(path, 'utf8'), /^tcp-close$/m);
  assert.doesNotMatch(await readFile(path, 'utf8'), /tcp-established/);
  for (let twice = 0; twice < 2; twice += 1) {
    await dropRestoreOptions({ criuConfig: path });
    assert.match(await readFile(path, 'utf8'), /^tcp-established$/m);
    assert.doesNotMatch(await readFile(path, 'utf8'), /tcp-close/);
  }
});
