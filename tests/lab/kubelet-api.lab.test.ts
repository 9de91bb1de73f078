/** The kubelet's API as its clients use it: the published curl command, kubectl, streams, time-outs, a container of 2 GiB. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectSpdy } from '@stillframe/cri/spdy';
import { execute, numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { findProgram, needs } from '@stillframe/testkit';
import { WebSocket } from 'ws';

import { type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
const BULK = 2 ** 31;
/** Counts, and holds that much memory beside. */
const LARGE = `trap 'kill -9 $!; exit 0' TERM
  (/bin/busybox head -c ${BULK} /dev/zero; echo full >&2; sleep 100000) | /bin/busybox tail -c ${BULK} &
  i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.05; done`;

describe('the kubelet’s API', { skip }, () => {
  let lab: Lab;
  let log: string;
  let tls: { cert: string; key: string; rejectUnauthorized: boolean };
  before(async () => {
    lab = await openLab();
    log = await lab.run('default/counters/counter', 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.2; done');
    await waitForNumbers(log, 0, 3, AbortSignal.timeout(60_000));
    const { clientCertificate, clientKey } = lab.endpoints;
    tls = {
      cert: await readFile(clientCertificate, 'utf8'),
      key: await readFile(clientKey, 'utf8'),
      rejectUnauthorized: false,
    };
  });
  after(() => lab[Symbol.asyncDispose]());

  const get = (path: string) => lab.curl(path, { method: 'GET' });
  const archives = async () => (await readdir(lab.endpoints.checkpoints)).filter((name) => name.endsWith('.tar'));
  const goesOn = async (path: string) => {
    const numbers = await waitForNumbers(path, (await numbersIn(path)).length, 3, AbortSignal.timeout(60_000));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
      'no number skipped or repeated',
    );
  };

  test('gives logs: the last lines, with times, by bytes, and what comes', async () => {
    const { status, body } = await get('/containerLogs/default/counters/counter?tailLines=3&timestamps=true');
    assert.equal(status, 200);
    assert.match(body, /^(?:\d{4}-\d\d-\d\dT[\d:.]+[Z+][\d:]* count \d+\n){3}$/);
    assert.equal((await get('/containerLogs/default/counters/counter?limitBytes=9')).body, 'count 1\nc');
    const { clientCertificate: cert, clientKey: key, kubelet } = lab.endpoints;
    const url = `${kubelet}/containerLogs/default/counters/counter?follow=true&sinceSeconds=1`;
    const following = spawn('curl', ['-sSkN', '--max-time', '3', '--cert', cert, '--key', key, url]);
    const seen = (await text(following.stdout))
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[1]));
    assert.ok(seen.length > 10, `${seen.length} lines in three seconds`);
    assert.deepEqual(
      seen,
      Array.from(seen, (_, n) => (seen[0] ?? 0) + n),
    );
  });

  test('runs commands, by SPDY and by WebSocket', async () => {
    const run = await lab.curl('/run/default/counters/counter?cmd=echo%20hi%20there');
    assert.deepEqual(run, { status: 200, body: 'hi there\n' });
    const query = 'command=sh&command=-c&command=read+line%3B+echo+got+%24line&input=1&output=1';
    const path = `/exec/default/counters/counter?${query}`;
    const { connection, protocol } = await connectSpdy(`${lab.endpoints.kubelet}${path}`, ['v4.channel.k8s.io'], tls);
    assert.equal(protocol, 'v4.channel.k8s.io');
    const [, stdin, stdout] = ['error', 'stdin', 'stdout'].map((type) =>
      connection.open(new Map([['streamtype', type]])),
    );
    stdin?.end('over spdy\n');
    assert.equal(await text(stdout as unknown as Readable), 'got over spdy\n');
    await connection.close();

    const address = `${lab.endpoints.kubelet.replace('https', 'wss')}${path}`;
    const socket = new WebSocket(address, 'v4.channel.k8s.io', tls);
    await once(socket, 'open');
    socket.send(Buffer.concat([Buffer.of(0), Buffer.from('over websocket\n')]));
    const answer = await new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => data.length > 1 && data[0] === 1 && resolve(data.subarray(1).toString()));
    });
    assert.equal(answer, 'got over websocket\n');
    socket.close();
  });

  test('forwards ports', async () => {
    await lab.run('default/echo/nc', 'nc -ll -p 8080 -e /bin/cat & while :; do sleep 1; done');
    await delay(500);
    const address = `${lab.endpoints.kubelet}/portForward/default/echo`;
    const { connection } = await connectSpdy(address, ['portforward.k8s.io'], tls);
    const headers = (type: string) =>
      new Map([
        ['streamtype', type],
        ['port', '8080'],
        ['requestid', '0'],
      ]);
    const error = connection.open(headers('error'));
    const data = connection.open(headers('data')) as unknown as Readable & Writable;
    data.write('forwarded');
    const [chunk] = (await once(data, 'data')) as [Buffer];
    assert.equal(chunk.toString(), 'forwarded');
    (error as unknown as Writable).end();
    await connection.close();
  });

  test('serves kubectl with a kubeconfig of the node, and gives no more than its certificate may', async (t) => {
    const { stdout: path } = await lab.stillframe.atNode(['node', 'kubeconfig']);
    const { stdout: limited } = await lab.stillframe.atNode(['node', 'kubeconfig', '--user', 'jane', '--group', 'x']);
    if (findProgram('kubectl') === undefined) return t.diagnostic('no kubectl here');
    const raw = (config: string) => execute(['kubectl', '--kubeconfig', config.trim(), 'get', '--raw', '/pods']);
    assert.match((await raw(path)).stdout, /"kind":"PodList"/);
    await assert.rejects(raw(limited), /Forbidden \(user=jane, verb=get, resource=nodes/);
  });

  test('gives up a container of 2 GiB after one second: it runs on, and nothing is left', async () => {
    const large = await lab.run('default/large/c', LARGE);
    for (const deadline = Date.now() + 60_000; !/full/.test(await readFile(large, 'utf8')); await delay(20)) {
      assert.ok(Date.now() < deadline, 'the memory is not filled');
    }
    const before = await archives();
    const began = Date.now();
    const { status, body } = await lab.curl('/checkpoint/default/large/c?timeout=1');
    const took = Date.now() - began;
    assert.equal(status, 500);
    const reason = 'rpc error: code = DeadlineExceeded desc = context deadline exceeded';
    assert.equal(body, `checkpointing of default/large/c failed (${reason})`);
    assert.ok(took < 20_000, `${took} ms`);
    await goesOn(large);
    await nothingUnderWay();
    assert.deepEqual(await archives(), before);
  });

  test('goes on for one caller when another hangs up, and gives up when the last one does', async () => {
    const before = await archives();
    const { clientCertificate: cert, clientKey: key, kubelet } = lab.endpoints;
    const ask = (...more: string[]) => {
      const url = `${kubelet}/checkpoint/default/large/c`;
      const child = spawn('curl', ['-sSk', '-X', 'POST', '--cert', cert, '--key', key, ...more, url]);
      return text(child.stdout);
    };
    const [left, stayed] = await Promise.all([ask('--max-time', '1'), ask()]);
    assert.equal(left, '');
    assert.match(stayed, /^\{"items":\["/);
    assert.equal((await archives()).length, before.length + 1);
    await Promise.all([ask('--max-time', '1'), ask('--max-time', '1')]);
    await goesOn(log);
    await nothingUnderWay();
    assert.equal((await archives()).length, before.length + 1);
    const events = (await readFile(join(lab.folder, 'root/audit/audit.log'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { stage: string; requestURI: string; responseStatus?: { code: number } });
    const codes = events
      .filter(({ stage, requestURI }) => stage === 'ResponseComplete' && requestURI === '/checkpoint/default/large/c')
      .map(({ responseStatus }) => responseStatus?.code);
    assert.deepEqual(codes, [499, 200, 499, 499]);
  });

  test('is the same over the CRI socket alone, for the curl command that was published, word for word', async () => {
    const place = ['--root', join(lab.folder, 'beside/root'), '--state', join(lab.folder, 'beside/state')];
    const program = join(import.meta.dirname, '../../packages/cli/bin/stillframe.mjs');
    const stillframe = (...argv: string[]) => execute([process.execPath, program, ...argv, ...place]);
    const socket = `unix://${join(lab.folder, 'state/cri.sock')}`;
    const port = (await isFree(10250)) ? '10250' : '0';
    const { stdout } = await stillframe('node', 'up', '--cri', socket, '--port', port, '-o', 'json');
    const { kubelet, clientCertificate, clientKey, foreign } = JSON.parse(stdout);
    try {
      assert.equal(foreign, 'stillframe');
      const published = `curl -X POST "https://localhost:10250/checkpoint/default/counters/counter" \\
        --insecure \\
        --cert ${clientCertificate} \\
        --key ${clientKey}`;
      const command = published.replace('10250', new URL(kubelet).port);
      const answer = (await execute(['bash', '-c', command])).stdout;
      assert.match(answer, /^\{"items":\["[^"]*\/beside\/root\/checkpoints\/checkpoint-counters_default-counter-/);
      assert.match((await stillframe('node', 'status')).stdout, /of stillframe/);
      await assert.rejects(stillframe('node', 'down', '--pods'), /--pods: the pods are those of stillframe/);
    } finally {
      await stillframe('node', 'down');
    }
    await goesOn(log);
  });

  test('a node that is killed in the middle of a dump that was asked for here leaves nothing either', async () => {
    const before = await archives();
    const asking = lab.curl('/checkpoint/default/large/c').catch(() => 'cut off');
    await delay(700);
    process.kill(lab.endpoints.pid, 'SIGKILL');
    assert.equal(await asking, 'cut off');
    await lab.stillframe.up(0);
    await nothingUnderWay();
    assert.deepEqual(await archives(), before);
    await goesOn(log);
  });

  /** Waits until the node has put everything right. */
  async function nothingUnderWay(): Promise<void> {
    const operations = join(lab.folder, 'root/records/operations');
    const hidden = async () => (await readdir(lab.endpoints.checkpoints)).filter((name) => name.startsWith('.'));
    for (const deadline = Date.now() + 60_000; ; await delay(100)) {
      const left = [...(await readdir(operations)), ...(await hidden())];
      if (left.length === 0) return;
      assert.ok(Date.now() < deadline, `left: ${left.join(', ')}`);
    }
  }
});

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isOurs = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isOurs;
}
