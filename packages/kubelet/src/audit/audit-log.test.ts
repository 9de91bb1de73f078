import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { openFakeApi } from '../fake-api.ts';
import { runtime, untilAborted } from '../fake-runtime.ts';
import { AuditLog } from './audit-log.ts';
import { auditEvent } from './event.ts';

const event = (auditID: string) =>
  auditEvent(
    'ResponseComplete',
    {
      auditID,
      received: new Date(0),
      method: 'GET',
      uri: '/pods',
      verb: 'get',
      from: '::1',
      userAgent: 'a\nb',
      nodeName: 'n',
      subresource: 'pods',
    },
    { user: { name: 'jane', groups: [] }, decision: { allowed: false, reason: 'no' }, status: 403 },
    new Date(1500),
  );
const idsIn = async (path: string) =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).auditID);

test('an event is one line in the words of Kubernetes', () => {
  assert.deepEqual(event('x'), {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: 'x',
    stage: 'ResponseComplete',
    requestURI: '/pods',
    verb: 'get',
    user: { username: 'jane', groups: [] },
    sourceIPs: ['::1'],
    userAgent: 'a\nb',
    objectRef: { resource: 'nodes', name: 'n', apiVersion: 'v1', subresource: 'pods' },
    responseStatus: { metadata: {}, code: 403 },
    requestReceivedTimestamp: '1970-01-01T00:00:00.000000Z',
    stageTimestamp: '1970-01-01T00:00:01.500000Z',
    annotations: {
      'authorization.k8s.io/decision': 'forbid',
      'authorization.k8s.io/reason': 'no',
      'apiserver.latency.k8s.io/total': '1.5s',
    },
  });
  assert.equal(JSON.stringify(event('x')).includes('\n'), false);
});

test('events that come at once stand there whole and in order; the file is closed to others', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'audit', 'audit.log');
  const log = new AuditLog({ path });
  const ids = Array.from({ length: 200 }, (_, n) => String(n));
  await Promise.all(ids.map((id) => log.write(event(id))));
  assert.deepEqual(await idsIn(path), ids);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder.path, 'audit'))).mode & 0o777, 0o700);
});

test('a file that is full is put aside, and the oldest goes', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'audit.log');
  const log = new AuditLog({ path, maxBytes: 1500, keep: 2 });
  for (let n = 0; n < 12; n++) await log.write(event(String(n)));
  assert.deepEqual((await readdir(folder.path)).sort(), ['audit.log', 'audit.log.1', 'audit.log.2']);
  const all = [...(await idsIn(`${path}.2`)), ...(await idsIn(`${path}.1`)), ...(await idsIn(path))].map(Number);
  assert.deepEqual(
    all,
    all.map((_, n) => 12 - all.length + n),
    'the last ones, none lost between',
  );
  for (const name of ['audit.log', 'audit.log.1']) assert.ok((await stat(join(folder.path, name))).size <= 1500);
});

test('a file that somebody else moves away is made anew', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'audit.log');
  const log = new AuditLog({ path });
  await log.write(event('1'));
  await rm(path);
  await log.write(event('2'));
  assert.deepEqual(await idsIn(path), ['2']);
});

test('a link is not written through', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'audit.log');
  await symlink('/dev/null', path);
  await assert.rejects(new AuditLog({ path }).write(event('1')), { code: 'ERR_KUBELET_AUDIT' });
});

test('every request is written down, what acts also before it is done, and answers carry the id', async () => {
  await using api = await openFakeApi((folder) => ({ audit: { path: join(folder, 'audit.log') } }));
  const ask = async (path: string, ...more: string[]) => {
    const { body } = await api.curl(path, '-i', ...more);
    return /^audit-id: (\S+)\r?$/im.exec(body)?.[1] ?? assert.fail(body);
  };
  const capture = await ask('/checkpoint/default/counters/counter', '-X', 'POST');
  const forbidden = await ask('/healthz', '--no-cert', '-H', 'Audit-ID: forged');
  const lost = await ask('/nowhere');
  runtime.capture = untilAborted;
  await assert.rejects(api.curl('/checkpoint/default/counters/counter', '-X', 'POST', '--max-time', '1'));
  await api.api[Symbol.asyncDispose]();
  const events = (await readFile(join(api.folder, 'audit.log'), 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const seen = events.map(({ auditID, stage, responseStatus }) => [auditID, stage, responseStatus?.code]);
  const gone = events.at(-1).auditID;
  assert.deepEqual(seen, [
    [capture, 'RequestReceived', undefined],
    [capture, 'ResponseComplete', 200],
    [forbidden, 'ResponseComplete', 401],
    [lost, 'ResponseComplete', 404],
    [gone, 'RequestReceived', undefined],
    [gone, 'ResponseComplete', 499],
  ]);
  assert.match(events[1].annotations['stillframe.io/archive'], /\.tar$/);
  assert.equal(events[1].annotations['authorization.k8s.io/decision'], 'allow');
  assert.equal(events[1].user.username, 'stillframe:admin');
  assert.equal(events[2].user.username, '');
});

test('what cannot be written down is not done, but may be looked at', async () => {
  await using api = await openFakeApi((folder) => ({ audit: { path: join(folder, 'taken') } }));
  await mkdir(join(api.folder, 'taken'));
  const { status, body } = await api.curl('/checkpoint/default/counters/counter', '-X', 'POST');
  assert.deepEqual([status, body], [500, 'the audit log cannot be written']);
  assert.deepEqual(runtime.requests, []);
  assert.equal((await api.curl('/healthz')).status, 200);
});
