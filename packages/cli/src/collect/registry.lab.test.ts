/** `stillframe collect` into a real registry: what is there afterwards, and what a kill at any moment leaves. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeAnnotations } from '@stillframe/checkpoint';
import { parseManifest, RegistryClient } from '@stillframe/oci';
import { needs, type RunningRegistry, startRegistry } from '@stillframe/testkit';
import { PROGRAM } from '../desk.fixture.ts';
import { digestOfFile, inKubeletFolder, type KubeletFolder } from './folder.fixture.ts';

const FINDINGS = 'application/vnd.stillframe.findings.v1+json';
const EVIDENCE = 'application/vnd.stillframe.evidence.v1+json';

/** What the repository holds: an image a tag, with its evidence. */
async function imagesIn(registry: RunningRegistry) {
  await using client = new RegistryClient(registry.address);
  const store = client.repository('nodes/checkpoints');
  const images = [];
  for (const tag of await store.tags()) {
    if (tag.startsWith('sha256-')) continue;
    const target = await store.resolve(tag);
    const { layers, annotations = {} } = parseManifest(await store.manifest(target), target.mediaType);
    for (const layer of layers) assert.ok(await store.has(layer), 'every layer is there');
    const said = await store.referrers(target.digest, { artifactType: EVIDENCE });
    const found = await store.referrers(target.digest, { artifactType: FINDINGS });
    images.push({
      findings: found.map((each) => each.annotations),
      tag,
      layers,
      facts: decodeAnnotations(annotations),
      evidence: said.length,
    });
  }
  return images;
}

async function atRegistry(
  use: (place: KubeletFolder & { registry: RunningRegistry; to: string[] }) => Promise<void>,
): Promise<void> {
  await using registry = await startRegistry();
  await inKubeletFolder((folder) => {
    const to = ['--to', `${registry.address}/nodes/checkpoints`, '--state', folder.state, '--settle', '0s'];
    return use({ ...folder, registry, to });
  });
}

describe('collecting into a registry', needs('docker-registry'), () => {
  it('makes an image of each archive, with evidence and the node’s name, once', () =>
    atRegistry(async ({ folder, archive, run, to, registry }) => {
      const [a, b] = [await archive('web-a'), await archive('web-b')];
      const first = await run(['collect', folder, ...to, '--once', '--node-name', 'node-1', '--findings']);
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual(JSON.parse(first.stdout).placed, 2);
      assert.equal(JSON.parse((await run(['collect', folder, ...to, '--once'])).stdout).placed, 0);
      const images = await imagesIn(registry);
      assert.deepEqual(images.map(({ tag }) => tag.replace(/-\d{4}-.*$/, '')).sort(), [
        'web-a_default-counter',
        'web-b_default-counter',
      ]);
      for (const { layers, facts, evidence, findings } of images) {
        assert.deepEqual([layers[0]?.digest, evidence], [facts?.recordedDigest, 1]);
        assert.equal(facts?.collectedFrom, 'node-1');
        assert.match(findings[0]?.['io.stillframe.findings.count'] ?? '', /^\d+$/);
      }
      const digests = await Promise.all([a, b].map((name) => digestOfFile(join(folder, name))));
      assert.deepEqual(images.map(({ layers }) => layers[0]?.digest).sort(), digests.sort());
    }));

  it('finds in the registry what no record tells any more, and encrypts once', () =>
    atRegistry(async ({ folder, archive, run, to, registry, state, write }) => {
      const { publicKey } = await import('node:crypto').then(({ generateKeyPairSync }) =>
        generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      );
      const key = await write('ada.pub', String(publicKey.export({ format: 'pem', type: 'spki' })));
      await archive('web');
      const encrypted = [...to, '--encryption-key', `jwe:${key}`, '--once'];
      assert.equal((await run(['collect', folder, ...encrypted])).code, 0);
      const [before] = await imagesIn(registry);
      assert.match(before?.layers[0]?.mediaType ?? '', /encrypted$/);
      await rm(state, { recursive: true });
      const again = await run(['collect', folder, ...encrypted]);
      assert.equal(JSON.parse(again.stdout).placed, 1);
      assert.deepEqual(await imagesIn(registry), [before]);
    }));

  it('is gone on with after kill -9 at whatever moment, and leaves one image of each', () =>
    atRegistry(async ({ folder, large, to, registry, root, state }) => {
      const name = await large('big', 48 << 20);
      let killed = 0;
      for (let wait = 500; ; wait += 150) {
        const child = start(root, 'collect', folder, ...to, '--once');
        const ended = once(child, 'close');
        const finished = await Promise.race([ended.then(() => true), delay(wait).then(() => false)]);
        if (finished) break;
        child.kill('SIGKILL');
        await ended;
        killed += 1;
      }
      assert.ok(killed >= 3, `${killed} kills`);
      const images = await imagesIn(registry);
      assert.deepEqual(
        images.map(({ layers, evidence }) => [layers.length, layers[0]?.digest, evidence]),
        [[1, await digestOfFile(join(folder, name)), 1]],
      );
      const left = (await readdir(join(state, 'archives'))).filter((each) => each.startsWith('.'));
      assert.deepEqual(left, []);
    }));

  it('waits for a registry that is down, sees new archives at once, and removes what is pushed where it is told to', () =>
    atRegistry(async ({ folder, archive, to, registry, root, names }) => {
      await registry.kill();
      await archive('early');
      const child = start(root, 'collect', folder, ...to, '--remove', '--interval', '60s');
      const log = linesOf(child);
      await log.until(/could not be pushed; it stays/);
      assert.equal((await names()).length, 1);
      await registry.restart();
      await log.until(/archive removed here/);
      await archive('late');
      await log.until(/archive removed here/);
      assert.deepEqual(await names(), []);
      child.kill('SIGTERM');
      const [code] = await once(child, 'close');
      assert.equal(code, 0);
      assert.equal((await imagesIn(registry)).length, 2);
    }));
});

function start(root: string, ...args: string[]): ChildProcess {
  const env = { PATH: process.env['PATH'], HOME: root, TMPDIR: root };
  return spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Waits for the next line that matches; 30 s at most. */
function linesOf(child: ChildProcess) {
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += String(chunk);
  });
  return {
    async until(pattern: RegExp): Promise<void> {
      for (const end = Date.now() + 30_000; Date.now() < end; await delay(20)) {
        const found = pattern.exec(text);
        if (!found) continue;
        text = text.slice(found.index + found[0].length);
        return;
      }
      assert.fail(`no line ${pattern}: ${text}`);
    },
  };
}
