/** `stillframe verify FOLDER` as a user runs it, and what becomes of Ctrl-C in the middle of one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodePodOptions } from '@stillframe/checkpoint';
import { digestOf } from '@stillframe/core';
import {
  encodePodCapture,
  makeSigningKey,
  type PodPart,
  publicPemOf,
  readSigningKey,
  signEnvelopeText,
  statementDigestOf,
} from '@stillframe/evidence';
import { atDesk, type Desk, PROGRAM } from '../desk.fixture.ts';
import { attestAfterWriting } from '../evidence/after-writing.ts';

const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));
const { signal } = new AbortController();
const key = readSigningKey(makeSigningKey());

/** Evidence of an archive that another runtime wrote. */
async function attest(path: string, name: string): Promise<void> {
  const container = { id: `id-${name}`, name, podName: 'web', kubeNamespace: 'shop', image: 'i', imageID: 'd' };
  const [startedAt, finishedAt] = [new Date(0), new Date(1000)];
  const askedBy = [{ user: 'ada', authenticated: false, time: startedAt.toISOString() }];
  const capture = { container, runtime: 'containerd 2', startedAt, finishedAt, pauseAtMost: 1_000_000, askedBy };
  await attestAfterWriting(path, capture, { user: 'ada', key, signal });
}

/** The folder of a pod with the containers `app` and `proxy`, signed with node.key, whose public half is node.pub. */
async function captured({ work }: Desk): Promise<string> {
  const folder = join(work, 'pod');
  await mkdir(folder);
  await writeFile(join(work, 'node.pub'), publicPemOf(key));
  const parts: PodPart[] = [];
  for (const [index, name] of ['app', 'proxy'].entries()) {
    const path = join(folder, `${name}.tar`);
    await writeFile(path, Buffer.concat([await readFile(FIXTURE), Buffer.alloc(512 * index)]));
    await attest(path, name);
    const [bytes, statement] = [await readFile(path), await readFile(`${path}.evidence.json`, 'utf8')];
    const facts = { digest: digestOf(bytes), statement: statementDigestOf(statement), size: bytes.length };
    parts.push({ container: { name, id: `id-${name}` }, archive: `${name}.tar`, ...facts });
  }
  const list = encodePodOptions(new Map(parts.map(({ container, archive }) => [container.name, archive])), {});
  const text = encodePodCapture({
    pod: { name: 'web', kubeNamespace: 'shop', sandboxID: 's' },
    ...{ parts, documents: [{ name: 'pod.options', digest: digestOf(Buffer.from(list)) }], atomic: false },
    ...{ versions: { stillframe: '0' }, node: { hostname: 'h', kernel: 'k' }, startedAt: '', finishedAt: '' },
  });
  await writeFile(join(folder, 'pod.options.evidence.json'), signEnvelopeText(text, key));
  await writeFile(join(folder, 'pod.options'), list);
  return folder;
}

async function first(desk: Desk): Promise<string> {
  const { code, stdout } = await desk.run('verify', 'pod', '--key', 'node.pub', '--output', 'json');
  const document = JSON.parse(stdout);
  assert.deepEqual([code, document.kind, document.holds], [1, 'PodVerification', false]);
  return `${document.first.name}: ${document.first.text}`;
}

test('the folder of a pod holds, and is told to have been read after it was written', () =>
  atDesk(async (desk) => {
    await captured(desk);
    const whole = await desk.run('verify', 'pod', '--key', 'node.pub');
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stdout, /everything that was checked holds\n$/);
    assert.match(whole.stdout, /app: digests were taken after writing, by ada on .*at most 1\.00 s/);
    assert.equal((await desk.run('verify', 'pod/pod.options', '--key', 'node.pub')).code, 0);
    const unsigned = await desk.run('verify', 'pod');
    assert.match(unsigned.stdout, /holds; not checked: signature\n$/);
  }));

test('an archive that is removed, exchanged, added, or put in with evidence of its own is named', () =>
  atDesk(async (desk) => {
    const folder = await captured(desk);
    const [app, proxy, aside] = ['app.tar', 'proxy.tar', 'aside'].map((name) => join(folder, name)) as [
      ...[string, string, string],
    ];
    const swap = async (ending: string) => {
      await rename(`${app}${ending}`, aside);
      await rename(`${proxy}${ending}`, `${app}${ending}`);
      await rename(aside, `${proxy}${ending}`);
    };
    for (const ending of ['', '.evidence.json']) await swap(ending);
    assert.equal(await first(desk), 'container app: app.tar is the archive of container proxy');
    for (const ending of ['', '.evidence.json']) await swap(ending);
    for (const path of [app, proxy]) await rm(`${path}.custody.jsonl`, { force: true });

    await copyFile(FIXTURE, join(folder, 'third.tar'));
    assert.equal(await first(desk), 'folder: third.tar was added');
    await rm(join(folder, 'third.tar'));

    await rename(app, aside);
    assert.match(await first(desk), /^container app: app\.tar is missing, or its evidence: .*does not exist$/);
    // Another capture of the same node, which signed for it.
    await writeFile(app, Buffer.concat([await readFile(FIXTURE), Buffer.alloc(4096)]));
    await rename(`${app}.evidence.json`, join(folder, 'kept'));
    await attest(app, 'app');
    assert.equal(await first(desk), 'container app: app.tar is another archive than was captured');
    // The same archive with another statement of the same key.
    await rename(aside, app);
    await rm(`${app}.evidence.json`);
    await attest(app, 'other');
    await rm(`${app}.custody.jsonl`, { force: true });
    assert.match(await first(desk), /^container app: the statement beside app\.tar is another/);
    await rename(join(folder, 'kept'), `${app}.evidence.json`);
    await rm(`${app}.custody.jsonl`, { force: true });

    await writeFile(join(folder, 'pod.options'), '{}');
    assert.equal(await first(desk), 'folder: pod.options was changed');
    await rm(join(folder, 'pod.options.evidence.json'));
    const missing = await desk.run('verify', 'pod');
    assert.deepEqual([missing.code, /\[ERR_EVIDENCE_MISSING\]/.test(missing.stderr)], [1, true]);
  }));

/** An archive of 7 GiB that takes no room, with evidence that says anything of it. */
async function sparse({ work }: Desk): Promise<string> {
  const path = join(work, 'large.tar');
  const size = 7 * 2 ** 30;
  const header = Buffer.alloc(512);
  header.write('checkpoint/pages-1.img');
  header.write('0000600\0', 100);
  header.write(`${size.toString(8)}\0`, 124);
  header.write('00000000000\0        0', 136);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  await using file = await open(path, 'w');
  await file.write(header);
  await file.truncate(size + 512 + 1024);
  return path;
}

test('Ctrl-C ends a verification at once, with 130, and leaves nothing', () =>
  atDesk(async (desk) => {
    const path = await sparse(desk);
    const small = join(desk.work, 'small.tar');
    await copyFile(FIXTURE, small);
    await attest(small, 'app');
    await rename(`${small}.evidence.json`, `${path}.evidence.json`);
    await rm(small);
    const child = spawn(process.execPath, [PROGRAM, 'verify', path], { stdio: ['ignore', 'pipe', 'pipe'] });
    // By then it reads: it has opened the archive.
    for (let tries = 0; tries < 200 && !(await opened(child.pid ?? 0, path)); tries++) await delay(50);
    const from = performance.now();
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    assert.equal(code, 130);
    assert.ok(performance.now() - from < 20_000, `${performance.now() - from} ms`);
    assert.deepEqual(await desk.left(), ['large.tar', 'large.tar.evidence.json']);
  }));

async function opened(pid: number, path: string): Promise<boolean> {
  const all = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(all.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return targets.includes(path);
}

test('digests that are being taken end with their signal, and no evidence is left in part', () =>
  atDesk(async (desk) => {
    const path = await sparse(desk);
    const ending = new AbortController();
    const container = { id: 'i', name: 'n', podName: 'p', kubeNamespace: 'k', image: 'i', imageID: 'd' };
    const capture = {
      container,
      runtime: 'r',
      startedAt: new Date(),
      finishedAt: new Date(),
      pauseAtMost: 1,
      askedBy: [],
    };
    const options = { user: 'ada', key, signal: ending.signal, onProgress: () => ending.abort(new Error('enough')) };
    await assert.rejects(attestAfterWriting(path, capture, options), /enough/);
    assert.deepEqual(await desk.left(), ['large.tar']);
  }));

test('an archive that is written to while it is read gets no evidence', () =>
  atDesk(async (desk) => {
    const path = join(desk.work, 'c.tar');
    await copyFile(FIXTURE, path);
    const container = { id: 'i', name: 'n', podName: 'p', kubeNamespace: 'k', image: 'i', imageID: 'd' };
    const capture = {
      container,
      runtime: 'r',
      startedAt: new Date(),
      finishedAt: new Date(),
      pauseAtMost: 1,
      askedBy: [],
    };
    const onProgress = () => appendFileSync(path, 'x');
    const attested = attestAfterWriting(path, capture, { user: 'ada', key, signal, onProgress });
    await assert.rejects(attested, { code: 'ERR_ARCHIVE_CHANGED' });
    assert.deepEqual(await desk.left(), ['c.tar']);
  }));
