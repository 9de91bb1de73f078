/** A restore as a client of the CRI sees it: where the checkpoint may come from, whose word counts, what is reported. */
import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { decodeAnnotations, openCheckpoint } from '@stillframe/checkpoint';
import { bytesSource, digestOf } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { buildImage, buildIndex, mediaTypes, putImage, RegistryClient } from '@stillframe/oci';
import { needs } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
type Config = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;
const COUNT = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done';

/** Where each engine puts its mark, and no other's beside it (checkpoint-spec 8.2). */
const DIALECTS = [
  ['cri-o', 'manifest', 'io.kubernetes.cri-o.annotations.checkpoint.name'],
  ['podman', 'manifest', 'io.podman.annotations.checkpoint.name'],
  ['containerd', 'index', 'org.criu.checkpoint.container.name'],
] as const;

describe('a restore over the CRI', { skip }, () => {
  let lab: CriLab;
  let cri: CriClient;
  before(async () => {
    lab = await openCriLab();
    cri = lab.cri;
  });
  after(() => lab?.[Symbol.asyncDispose]());

  /** A container in a pod of its own, started. `script` empty: what the image, a checkpoint, says. */
  const start = async (name: string, image: string, script: string, more: Partial<Config> = {}) => {
    const config = {
      metadata: { name, uid: name, namespace: 'default' },
      logDirectory: join(lab.folder, 'logs'),
      annotations: { 'io.stillframe.network': 'none' },
    };
    const { podSandboxId } = await cri.runtime.runPodSandbox({ config });
    const container = {
      metadata: { name: 'one' },
      image: { image },
      command: script === '' ? [] : ['sh', '-c', script],
      logPath: `${name}.log`,
      ...more,
    } as Config;
    const { containerId } = await cri.runtime.createContainer({ podSandboxId, config: container });
    await cri.runtime.startContainer({ containerId });
    return { podSandboxId, containerId };
  };
  const checkpoint = async (containerId: string, name: string) => {
    const location = join(lab.folder, `${name}.tar`);
    await cri.runtime.checkpointContainer({ containerId, location });
    return location;
  };
  const run = async (containerId: string, ...cmd: string[]) => {
    const { stdout, stderr } = await cri.runtime.execSync({ containerId, cmd, timeout: 10n });
    assert.equal(Buffer.from(stderr).toString(), '');
    return Buffer.from(stdout).toString();
  };
  const statusOf = async (containerId: string) => {
    const { status, info } = await cri.runtime.containerStatus({ containerId, verbose: true });
    return { ...status, info: JSON.parse(info['info'] ?? '{}') as Record<string, unknown> };
  };
  const numbers = async (name: string) =>
    (await readFile(join(lab.folder, 'logs', `${name}.log`), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => Number(line.split(' ').at(-1)));

  test('takes a checkpoint image by the mark of any engine, where that engine puts it', async () => {
    const source = await start('marked', lab.image, COUNT);
    await delay(700);
    const archive = await checkpoint(source.containerId, 'marked');
    await using client = new RegistryClient(lab.registry);
    const bytes = await readFile(archive);
    const diffID = digestOf(bytes);
    const squeezed = gzipSync(bytes);
    for (const [engine, place, key] of DIALECTS) {
      const repository = client.repository(`checkpoints/${engine}`);
      // buildah, which makes podman's and the article's images, pushes its layers compressed.
      const [mediaType, stored] = engine === 'podman' ? [mediaTypes.layerGzip, squeezed] : [mediaTypes.layer, bytes];
      const layer = { mediaType, digest: digestOf(stored), size: stored.length };
      await repository.push(layer, bytesSource(stored));
      const annotations = { [key]: 'one' };
      assert.ok(decodeAnnotations(annotations));
      const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
      // The same archive in three images: without something of its own each would be the same manifest.
      const config = { Labels: { engine } };
      const marks = place === 'manifest' ? { annotations } : {};
      const image = buildImage({ layers: [{ descriptor: layer, diffID }], platform, config, ...marks });
      if (place === 'manifest') await putImage(repository, image, { tag: 'v1' });
      else {
        const manifest = await putImage(repository, image, { child: true });
        const index = buildIndex({ manifests: [manifest], annotations });
        await repository.putManifest(index.bytes, mediaTypes.index, { tag: 'v1' });
      }
      const reference = `${lab.registry}/checkpoints/${engine}:v1`;
      const { imageRef } = await cri.image.pullImage({ image: { image: reference } });
      // As the kubelet asks: by what the pull answered.
      const { podSandboxId, containerId } = await start(`of-${engine}`, imageRef, '');
      await delay(500);
      const seen = await numbers(`of-${engine}`);
      assert.ok(seen.length > 15, `${engine}: ${seen.length} lines`);
      assert.deepEqual(
        seen,
        seen.map((_n, i) => i + 1),
        `${engine}: counts on without a gap`,
      );
      assert.equal((await statusOf(containerId)).annotations?.['checkpointImage'], imageRef);
      await cri.runtime.removePodSandbox({ podSandboxId });
    }
    await cri.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
  });

  test('refuses a checkpoint image whose archive is not the one layer', async () => {
    await using client = new RegistryClient(lab.registry);
    const repository = client.repository('checkpoints/many');
    const bytes = Buffer.alloc(1024);
    const layer = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: bytes.length };
    await repository.push(layer, bytesSource(bytes));
    const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
    const one = { descriptor: layer, diffID: layer.digest };
    const annotations = { [DIALECTS[0][2]]: 'one' };
    await putImage(repository, buildImage({ layers: [one, one], platform, annotations }), { tag: 'v1' });
    const image = `${lab.registry}/checkpoints/many:v1`;
    await cri.image.pullImage({ image: { image } });
    await assert.rejects(start('many', image, ''), /the checkpoint image has 2 layers, not one tar/);
  });

  test('makes a bind-mounted file anew where the request says it is, and takes another source as it is', async () => {
    const there = join(lab.folder, 'mounts');
    await mkdir(there);
    const [original, folder] = [join(there, 'app.conf'), join(there, 'data')];
    await writeFile(original, 'original\n', { mode: 0o640 });
    await mkdir(folder, { mode: 0o711 });
    const mounts = (file: string, data: string) =>
      ({
        mounts: [
          { hostPath: file, containerPath: '/etc/app.conf' },
          { hostPath: data, containerPath: '/data' },
        ],
      }) as Partial<Config>;
    const source = await start('bound', lab.image, COUNT, mounts(original, folder));
    await delay(300);
    const archive = await checkpoint(source.containerId, 'bound');
    await cri.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
    await writeFile(original, 'changed since\n');

    const [missing, missingFolder] = [join(there, 'new/here/app.conf'), join(there, 'new/here/data')];
    const anew = await start('bound-anew', archive, '', mounts(missing, missingFolder));
    const [file, data] = [await stat(missing), await stat(missingFolder)];
    assert.deepEqual([file.isFile(), file.size, file.mode & 0o777], [true, 0, 0o640]);
    assert.deepEqual([data.isDirectory(), data.mode & 0o777], [true, 0o711]);
    await writeFile(missing, 'from outside\n');
    assert.equal(await run(anew.containerId, 'cat', '/etc/app.conf'), 'from outside\n', 'it is the mount itself');

    const other = join(there, 'other.conf');
    await writeFile(other, 'of the request\n');
    const chosen = await start('bound-other', archive, '', mounts(other, missingFolder));
    assert.equal(await run(chosen.containerId, 'cat', '/etc/app.conf'), 'of the request\n');
    assert.equal(await readFile(original, 'utf8'), 'changed since\n', 'what the archive names is not touched');
    const { mounts: reported } = await statusOf(chosen.containerId);
    assert.deepEqual(
      reported?.map(({ containerPath, hostPath }) => [containerPath, hostPath]),
      [
        ['/etc/app.conf', other],
        ['/data', missingFolder],
      ],
    );
    for (const { podSandboxId } of [anew, chosen]) await cri.runtime.removePodSandbox({ podSandboxId });
  });

  test('keeps the environment of the memory, and names what the request said otherwise', async () => {
    const envs = (...pairs: [string, string][]) =>
      ({ envs: pairs.map(([key, value]) => ({ key, value: Buffer.from(value) })) }) as unknown as Partial<Config>;
    const script = `while :; do echo "$SAME $OTHER $NEW." > /tmp/env; sleep 0.05; done`;
    const source = await start('env', lab.image, script, envs(['SAME', 'same'], ['OTHER', 'memory']));
    await delay(300);
    const archive = await checkpoint(source.containerId, 'env');
    const wanted = envs(['SAME', 'same'], ['OTHER', 'request'], ['NEW', 'request']);
    const copy = await start('env-copy', archive, '', wanted);
    await run(copy.containerId, 'rm', '/tmp/env');
    await delay(300);
    assert.equal(await run(copy.containerId, 'cat', '/tmp/env'), 'same memory .\n');
    const environ = await run(copy.containerId, 'sh', '-c', "tr '\\0' '\\n' < /proc/1/environ | sort");
    assert.match(environ, /^OTHER=memory$/m);
    assert.doesNotMatch(environ, /NEW=/);
    const { info } = await statusOf(copy.containerId);
    const restoredFrom = info['restoredFrom'] as { ignoredEnvironment?: string[] };
    assert.deepEqual(restoredFrom.ignoredEnvironment, ['OTHER', 'NEW']);
    assert.doesNotMatch(JSON.stringify(info), /"request"/, 'values may be secrets');
    const same = await start('env-same', archive, '', envs(['SAME', 'same'], ['OTHER', 'memory']));
    const unchanged = (await statusOf(same.containerId)).info['restoredFrom'] as object;
    assert.equal('ignoredEnvironment' in unchanged, false);
    for (const { podSandboxId } of [source, copy, same]) await cri.runtime.removePodSandbox({ podSandboxId });
  });

  test('is told by the status itself, and no later dump carries the marks on', async () => {
    const marks = ['restored', 'checkpointedAt', 'checkpointImage'] as const;
    const annotations = { 'example.org/mine': 'kept' };
    const source = await start('told', lab.image, COUNT, { annotations } as Partial<Config>);
    await delay(300);
    assert.deepEqual((await statusOf(source.containerId)).annotations, annotations);
    const archive = await checkpoint(source.containerId, 'told');
    const copy = await start('told-copy', archive, '', { annotations } as Partial<Config>);
    const status = await statusOf(copy.containerId);
    const at = status.annotations?.['checkpointedAt'] ?? '';
    assert.deepEqual(status.annotations, {
      ...annotations,
      restored: 'true',
      checkpointedAt: at,
      checkpointImage: archive,
    });
    await using read = await openCheckpoint(archive);
    assert.equal(at, read.metadata.checkpointed);
    assert.deepEqual([status.info['restored'], status.info['checkpointedAt']], [true, at]);
    const { containers } = await cri.runtime.listContainers({ filter: { id: copy.containerId } });
    assert.equal(containers[0]?.annotations['restored'], 'true');
    await using again = await openCheckpoint(await checkpoint(copy.containerId, 'told-again'));
    assert.deepEqual(again.metadata.annotations, annotations);
    for (const key of marks) assert.equal(again.documents.spec?.annotations.has(key), false, key);
    for (const { podSandboxId } of [source, copy]) await cri.runtime.removePodSandbox({ podSandboxId });
  });
});
