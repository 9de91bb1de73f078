/** `stillframe mounts`, `network`, `changes` and `inspect --all` as a user runs them. */
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atDesk } from '../desk.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}`, import.meta.url));
const PODMAN = fixture('podman-counter.tar');
const CRIO = fixture('crio-counter.tar');
const CORPUS = fixture('corpus');
/** What could move a cursor or turn text around; lines end as lines do. */
const ACTING = /[\p{Cc}\p{Bidi_Control}]/u;
const quiet = (text: string) => assert.doesNotMatch(text.replaceAll('\n', ''), ACTING);

test('mounts: a table in the order of mounting, with the places on the host', () =>
  atDesk(async ({ run }) => {
    const { code, stdout, stderr } = await run('mounts', CRIO);
    assert.deepEqual([code, stderr], [0, '']);
    const lines = stdout.split('\n');
    assert.match(lines[0] ?? '', /^MOUNTPOINT +TYPE +KIND +FLAGS +PROPAGATION +ARCHIVED +FROM$/);
    assert.match(lines[1] ?? '', /^\/ +overlay +root +rw,relatime +private +- +overlay$/);
    assert.match(stdout, /^\/etc\/hostname +bind +external +rw,relatime +private +- +\S+\/userdata\/hostname$/m);
    assert.match(stdout, /^\/dev +tmpfs +filesystem +rw,nosuid,strictatime +private +\d+ B +tmpfs$/m);
    assert.doesNotMatch(stdout, /unsupported/);
  }));

test('mounts: a tree, a document and a line a mount say the same', () =>
  atDesk(async ({ run }) => {
    const tree = await run('mounts', PODMAN, '-o', 'tree');
    assert.match(tree.stdout, /\n {3}├─ \/dev {2}tmpfs[^\n]*\n {3}│ {2}├─ \/dev\/pts {2}devpts/);
    const { kind, mounts, diagnostics } = JSON.parse((await run('mounts', PODMAN, '-o', 'json')).stdout);
    assert.deepEqual([kind, diagnostics], ['MountList', []]);
    const rows = (await run('mounts', PODMAN, '-o', 'jsonl')).stdout.trimEnd().split('\n');
    assert.deepEqual(
      rows.map((row) => JSON.parse(row)),
      mounts.map((mount: object) => ({ kind: 'Mount', schemaVersion: 1, ...mount })),
    );
    assert.equal(tree.stdout.match(/[├└]─/g)?.length, mounts.length);
  }));

test('network: what was captured, in the manner of ip', () =>
  atDesk(async ({ run }) => {
    const { code, stdout } = await run('network', CORPUS);
    // The fixture has only images that tell of surroundings.
    assert.equal(code, 4);
    assert.match(stdout, /10\.99\.88\.77\/24 dev lo scope global label lo permanent/);
    assert.match(stdout, /32765: from 10\.99\.88\.77\/32 lookup 100/);
    assert.match(stdout, /ip saddr 10\.99\.88\.77 counter packets 0 bytes 0 accept/);
    assert.match(
      stdout,
      /10\.77\.0\.0\/16 via 10\.66\.0\.1 dev corpus0 table main proto boot scope global metric 7 onlink/,
    );
    assert.match(stdout, /iptables: no rules, or no such tool/);
    assert.match(stdout, /Followed connections: not captured/);
    const table = (await run('network', CORPUS, '-o', 'table')).stdout;
    assert.match(table, /^ +1 +lo +loopback +65536 +- +up,loopback,running,lower-up$/m);
    const rows = (await run('network', CORPUS, '-o', 'jsonl')).stdout
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row));
    const address = rows.find(({ kind, address }) => kind === 'NetworkAddress' && address === '10.99.88.77');
    assert.deepEqual([address.namespaceId, address.prefixLength, address.created], [9, 24, 17060.48]);
    assert.match((await run('network', CORPUS, '--settings')).stdout, /net\.ipv6\.conf\.lo\.mtu = 65536/);
  }));

test('network: what was not captured is told, with the reason', () =>
  atDesk(async ({ run }) => {
    for (const [archive, reason] of [
      ['containerd-counter.tar', /not captured: given from outside, as a pod’s is \(extRootNetNS\)/],
      ['crio-counter.tar', /not captured: that of whoever dumped, as a rule the host’s/],
      ['podman-counter.tar', /not captured: whoever restores gives a new one/],
    ] as const) {
      const { code, stdout } = await run('network', fixture(archive));
      assert.equal(code, 0);
      assert.match(stdout, reason, archive);
    }
  }));

test('network: names and rules of the evidence cannot act on a terminal, a cut table ends with 4', () =>
  atDesk(async ({ run, work }) => {
    const folder = join(work, 'evil');
    await cp(CORPUS, folder, { recursive: true });
    await writeFile(join(folder, 'nftables-9.img'), 'table \x1b[2J\u202e {\r\n}\n');
    const addresses = await readFile(join(folder, 'ifaddr-9.img'));
    // The label `lo` of an address.
    addresses.set(Buffer.from('\x1b\x9b'), addresses.indexOf('lo\0'));
    await writeFile(join(folder, 'ifaddr-9.img'), addresses);
    const evil = [];
    for (const output of ['tree', 'table', 'json', 'jsonl']) evil.push(await run('network', folder, '-o', output));
    for (const { code, stdout, stderr } of evil) {
      assert.equal(code, 4);
      quiet(stdout);
      quiet(stderr);
    }
    await writeFile(join(folder, 'ifaddr-9.img'), addresses.subarray(0, addresses.length - 3));
    const cut = await run('network', folder);
    assert.equal(cut.code, 4);
    assert.match(cut.stderr, /^error image-truncated in ifaddr-9\.img: the image ends inside a netlink message$/m);
    assert.match(cut.stdout, /10\.99\.88\.77/, 'what could be read stands');
  }));

test('changes: owner, mode, digest and what the runtime made itself', () =>
  atDesk(async ({ run }) => {
    const { code, stdout } = await run('changes', PODMAN, '--digest');
    assert.equal(code, 0);
    assert.match(stdout, /^written +-rw-r--r-- +0:0 +249 B +2026-11-23T22:38:59Z +268da4ce[0-9a-f]{56} +- +\/cnt$/m);
    assert.match(stdout, /^written +-rwxr-xr-x .* mountpoint +\/etc\/hosts$/m);
    assert.match(stdout, /^written +lrwxrwxrwx .* \/etc\/mtab → \/proc\/mounts$/m);
    assert.match(
      (await run('changes', PODMAN, '-o', 'tree')).stdout,
      /^\/\n├─ written {2}cnt {2}[^\n]*\n└─ written {2}etc/,
    );
    const { recorded, changes } = JSON.parse((await run('changes', PODMAN, '-o', 'json')).stdout);
    assert.deepEqual([recorded, changes.length, changes[0].sha256], [true, 5, undefined]);
    assert.equal((await run('changes', PODMAN, '--flagged', '-o', 'jsonl')).stdout, '');
    assert.match((await run('changes', PODMAN, '--flagged')).stdout, /^none of the \d+ changes has a flag/);
  }));

test('changes: a checkpoint that records none says so', () =>
  atDesk(async ({ run }) => {
    const { code, stderr } = await run('changes', CORPUS);
    assert.equal(code, 4);
    assert.match(stderr, /^the checkpoint records no changes: there were none, or the engine left them out\n/);
  }));

test('inspect --all tells what the container had around it', () =>
  atDesk(async ({ run }) => {
    const { stdout } = await run('inspect', '--all', CORPUS);
    for (const fact of [
      /key 0xc0 {2}id 0 {2}0600 {2}0:0 {2}8192 bytes {2}mapped by 1 at 0x/,
      /key 0xc1 .* 11, 22, 33\n/,
      /type 7 {2}21 bytes {2}corpus:sysv-message-2\n/,
      /host name corpus, domain \(none\)/,
      /set 2: processes 1, 6/,
      /10\.99\.88\.77\/24/,
      /Root filesystem changes: none recorded/,
      /Connections held by: skip/,
    ])
      assert.match(stdout, fact);
    const found = JSON.parse((await run('inspect', '-o', 'json', CORPUS)).stdout);
    const [message] = found.ipc[0].queues[0].messages;
    assert.equal(Buffer.from(message.base64, 'base64').toString(), 'corpus:sysv-message-1');
    assert.equal(found.changes, undefined, 'they cost more than the rest, and were not asked for');
    assert.doesNotMatch((await run('inspect', CORPUS)).stdout, /Kernel namespaces/);
  }));

test('inspect tells what the capture could not take, as the evidence beside the archive has it', () =>
  atDesk(async ({ run, work }) => {
    const archive = join(work, 'a.tar');
    await cp(CRIO, archive);
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'a.tar', digest: { sha256: '0'.repeat(64) } }],
      predicateType: 'urn:stillframe:capture:v1',
      predicate: {
        pause: { truePause: 1 },
        notCaptured: ['content of the bind mount /data\x1b[2J'],
        altered: ['TOKEN set'],
      },
    };
    const payload = Buffer.from(JSON.stringify(statement)).toString('base64');
    const envelope = { payloadType: 'application/vnd.in-toto+json', payload, signatures: [] };
    await writeFile(`${archive}.evidence.json`, JSON.stringify(envelope));
    const { stdout } = await run('inspect', archive);
    assert.match(stdout, /Not captured \(1\)\n│ {2}└─ content of the bind mount \/data\\x1b\[2J\n/);
    assert.match(stdout, /Changed before the capture \(1\)\n│ {2}└─ TOKEN set\n/);
  }));
