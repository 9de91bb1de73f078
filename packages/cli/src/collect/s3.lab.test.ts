/** `stillframe collect` into a real object store with object lock (versitygw): what a kill at any moment leaves there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { digestOf } from '@stillframe/core';
import { Bucket, type S3Place } from '@stillframe/s3';
import { makeBucket } from '@stillframe/s3/fixture';
import { freePort, needs } from '@stillframe/testkit';
import { PROGRAM } from '../desk.fixture.ts';
import { digestOfFile, inKubeletFolder, type KubeletFolder } from './folder.fixture.ts';

const KEY = { accessKeyId: 'AKLAB', secretAccessKey: 'only-for-tests-on-loopback' };
const { signal } = new AbortController();

interface AtStore extends KubeletFolder {
  readonly place: S3Place;
  /** Where the store keeps its objects as files. */
  readonly data: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

async function atStore(use: (at: AtStore) => Promise<void>): Promise<void> {
  await inKubeletFolder(async (folder) => {
    const [data, versions] = ['store', 'versions'].map((name) => join(folder.root, name)) as [string, string];
    for (const path of [data, versions]) await mkdir(path);
    const port = await freePort();
    const options = ['--access', KEY.accessKeyId, '--secret', KEY.secretAccessKey, '--port', `127.0.0.1:${port}`];
    const child = spawn('versitygw', [...options, '--quiet', 'posix', '--versioning-dir', versions, data], {
      stdio: 'ignore',
    });
    const endpoint = new URL(`http://127.0.0.1:${port}`);
    const place = { endpoint, region: 'us-east-1', bucket: 'evidence', credentials: async () => KEY };
    try {
      await until(() => makeBucket(place, { locked: true }));
      const to = ['--to', 's3://evidence/nodes', '--s3-endpoint', endpoint.href];
      const lock = ['--object-lock', 'governance', '--retain', '1d'];
      const args = ['collect', folder.folder, ...to, ...lock, '--state', folder.state, '--settle', '0s', '--once'];
      const env = { AWS_ACCESS_KEY_ID: KEY.accessKeyId, AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey };
      await use({ ...folder, place, data, args, env });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });
}

describe('collecting into a real object store', needs('versitygw'), () => {
  it('leaves one version of each object, locked, whatever was killed on the way', () =>
    atStore(async ({ folder, large, archive, args, env, place, root, data, run }) => {
      const [big, small] = [await large('big', 48 << 20), await archive('small')];
      let killed = 0;
      for (let wait = 500; ; wait += 150) {
        const child = spawn(process.execPath, [PROGRAM, ...args], {
          env: { PATH: process.env['PATH'], HOME: root, TMPDIR: root, ...env },
          stdio: 'ignore',
        });
        const ended = once(child, 'close');
        if (await Promise.race([ended.then(() => true), delay(wait).then(() => false)])) break;
        child.kill('SIGKILL');
        await ended;
        killed += 1;
      }
      assert.ok(killed >= 3, `${killed} kills`);
      const again = await run(args, env);
      assert.deepEqual([again.code, JSON.parse(again.stdout).placed], [0, 0], again.stderr);
      const files = (await readdir(join(data, 'evidence'), { recursive: true })).filter((name) =>
        /\.(tar|json)$/.test(name),
      );
      assert.equal(files.length, 4, files.join());
      for (const name of [big, small]) {
        const key = files.find((each) => each.endsWith(name)) ?? '';
        assert.equal(digestOf(await readFile(join(data, 'evidence', key))), await digestOfFile(join(folder, name)));
        for (const each of [key, `${key}.evidence.json`]) {
          const found = await new Bucket(place).head(each, signal);
          assert.equal(found?.lock?.mode, 'GOVERNANCE');
        }
      }
      assert.deepEqual(await readdir(join(root, 'versions')), [], 'nothing was written a second time');
    }));

  it('tells that there is no such bucket, and has forgotten nothing once there is', () =>
    atStore(async ({ large, args, env, run }) => {
      await large('big', 40 << 20);
      const other = args.map((word) => word.replace('s3://evidence/nodes', 's3://nowhere'));
      const failed = await run(other, env);
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /NoSuchBucket|status 404/);
      assert.equal((await run(args, env)).code, 0);
    }));
});

/** Tries for ten seconds. */
async function until(work: () => Promise<void>): Promise<void> {
  for (const end = Date.now() + 10_000; ; await delay(50)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
