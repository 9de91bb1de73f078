/** Checkpoints of other engines restored here, and ours restored there. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { RegistryClient } from '@stillframe/oci';
import { needs } from '@stillframe/testkit';
import { startCrio } from './crio.ts';
import {
  buildEngineImages,
  COUNTER,
  type Engine,
  openPodman,
  podmanCheckpoint,
  REDIS,
  startContainerd,
} from './engines.ts';
import { type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'redis');
const podman = needs('checkpoint', 'docker-registry', 'redis', 'podman');
/** Engines that speak the CRI. `made`: annotation of a container of ours whose checkpoint is meant for that engine. */
const ENGINES = [
  {
    name: 'containerd',
    gate: needs('checkpoint', 'docker-registry', 'redis', 'catatonit', 'containerd'),
    open: startContainerd,
    made: { 'io.stillframe.checkpoint/for': 'containerd' },
  },
  {
    name: 'CRI-O',
    gate: needs('checkpoint', 'docker-registry', 'redis', 'cri-o'),
    open: startCrio,
    made: { 'io.stillframe.checkpoint/for': 'cri-o' },
  },
];
const SCRIPTS = [
  ['counter', COUNTER],
  ['redis', REDIS],
] as const;
const KEYS = ['redis-cli', 'mget', 'user:1', 'user:2', 'card'];
const CHANGES = ['sh', '-c', 'cat /tmp/added; ls /bin/nc 2>&1 || true'];
const CHANGED = 'added\nls: /bin/nc: No such file or directory\n';
const namespaceOptions = { network: 0, pid: 1, ipc: 0, targetId: '' };
/** Masked files must be declared as kubelet does: CRIU asks for what it masks them with. */
const DECLARED = {
  linux: { securityContext: { maskedPaths: ['/proc/keys'], namespaceOptions } },
} as unknown as Partial<Config>;
type Config = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;

describe('engines among each other', { skip }, () => {
  let lab: Lab;
  let ours: CriClient;
  let image: string;
  before(async () => {
    lab = await openLab();
    ours = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    await using client = new RegistryClient(lab.registry);
    await mkdir(join(lab.folder, 'engines'));
    await buildEngineImages((name) => client.repository(name), join(lab.folder, 'engines'));
    image = `${lab.registry}/engines:v1`;
  });
  after(async () => {
    await ours?.[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  /** A container of its own pod, started; `from` is an image or an archive. */
  const start = async (
    cri: CriClient,
    name: string,
    from: string,
    more: Partial<Config> = {},
    cgroupParent?: string,
  ) => {
    const linux = { ...(cgroupParent ? { cgroupParent } : {}), securityContext: { namespaceOptions } };
    const metadata = { name, uid: name, namespace: 'default' };
    const annotations = { 'io.stillframe.network': 'none' };
    const pod = { metadata, annotations, logDirectory: join(lab.folder, 'logs'), linux };
    const { podSandboxId } = await cri.runtime.runPodSandbox({ config: pod as never });
    const config = { metadata: { name }, image: { image: from }, logPath: `${name}.log`, linux, ...more } as Config;
    const { containerId } = await cri.runtime.createContainer({ podSandboxId, config, sandboxConfig: pod as never });
    await cri.runtime.startContainer({ containerId });
    // Not always what was asked for: CRI-O gives a restored container a log of its own.
    const { status } = await cri.runtime.containerStatus({ containerId });
    return { containerId, podSandboxId, logPath: status?.logPath ?? '' };
  };
  const run = async (cri: CriClient, containerId: string, cmd: string[]) =>
    Buffer.from((await cri.runtime.execSync({ containerId, cmd, timeout: 10n })).stdout).toString();
  const hasKeys = async (cri: CriClient, id: string) => {
    assert.equal(await run(cri, id, KEYS), 'alice\nbob\n4111111111111111\n');
    assert.equal(
      await run(cri, id, ['redis-cli', 'publish', 'news', 'hello']),
      '1\n',
      'the subscriber is still connected',
    );
  };
  const numbers = async (logPath: string) =>
    (await readFile(logPath, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => Number(line.split(' ').at(-1)));
  const counts = async (logPath: string) => (await numbers(logPath)).length;
  const goesOn = async (logPath: string) => {
    const before = await counts(logPath);
    assert.ok(before > 5, 'the log of the source is there');
    await delay(500);
    assert.ok((await counts(logPath)) > before);
    const seen = await numbers(logPath);
    // Other engines copy the log after the dump: the copy then says once more what the source had said meanwhile.
    const skipped = seen.findIndex((n, i) => n > (seen[i - 1] ?? 0) + 1);
    assert.equal(skipped, -1, `a gap before ${seen[skipped]}`);
  };

  for (const [name, script] of SCRIPTS) {
    test(`podman’s ${name} comes back here`, podman, async () => {
      const archive = join(lab.folder, `podman-${name}.tar`);
      await podmanCheckpoint(join(lab.folder, 'podman'), image, script, archive);
      const { containerId, podSandboxId, logPath } = await start(ours, `from-podman-${name}`, archive);
      if (name === 'redis') await hasKeys(ours, containerId);
      else {
        await goesOn(logPath);
        assert.equal(await run(ours, containerId, CHANGES), CHANGED);
      }
      assert.equal(await run(ours, containerId, ['cat', '/scratch/file', '/dev/shm/file']), 'scratch\nshm\n');
      await ours.runtime.removePodSandbox({ podSandboxId });
    });
  }

  test(
    'our counter and redis, laid out for podman, come back there from the archive and from the image',
    podman,
    async () => {
      await using theirs = await openPodman(join(lab.folder, 'podman'));
      await theirs.run('pull', '--quiet', '--tls-verify=false', image);
      for (const [name, script] of SCRIPTS) {
        const source = await start(ours, `lend-${name}`, image, { command: ['sh', '-c', script] });
        await delay(2000);
        const location = join(lab.folder, `for-podman-${name}.tar`);
        await ours.runtime.checkpointContainer({ containerId: source.containerId, location });
        await ours.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
        const reference = `${lab.registry}/for-podman/${name}:v1`;
        await lab.stillframe.read(['image', 'build', location, '-t', reference, '--for', 'podman']);
        const { archive } = await lab.stillframe.read<{ archive: string }>(['convert', location, '--for', 'podman']);
        await theirs.run('pull', '--quiet', '--tls-verify=false', reference);
        for (const from of [['--import', archive], [reference]]) {
          const { stdout } = await theirs.run('container', 'restore', '--tcp-established', ...from);
          const id = stdout.trim();
          const inside = async (...command: string[]) => (await theirs.run('exec', id, ...command)).stdout;
          if (name === 'redis') {
            assert.equal(await inside(...KEYS), 'alice\nbob\n4111111111111111\n');
            assert.equal(
              await inside('redis-cli', 'publish', 'news', 'hello'),
              '1\n',
              'the subscriber is still connected',
            );
          } else {
            assert.equal(await inside(...CHANGES), CHANGED);
            const lines = async () => (await theirs.run('logs', id)).stdout.trim().split('\n').map(Number);
            const before = await lines();
            await delay(500);
            const after = await lines();
            assert.ok(after.length > before.length);
            assert.ok(after.every((number, at) => at === 0 || number === (after[at - 1] ?? 0) + 1));
            // An image brings no log; an archive brings the one of the source.
            assert.equal(after[0] === 1, from.length === 2);
          }
          await theirs.run('rm', '--force', '--time', '0', id);
        }
      }
    },
  );

  for (const engine of ENGINES) describe(engine.name, engine.gate, () => withEngine(engine));

  function withEngine({ name: engine, open, made }: (typeof ENGINES)[number]): void {
    let theirs: Engine;
    before(async () => {
      theirs = await open(join(lab.folder, engine), lab.registry);
      await theirs.cri.image.pullImage({ image: { image } });
      await ours.image.pullImage({ image: { image } });
    });
    after(() => theirs?.[Symbol.asyncDispose]());

    test(`counter and redis of ${engine} come back here`, async () => {
      for (const [name, script] of SCRIPTS) {
        const annotations = { 'org.criu.config': theirs.criuConfig };
        const command = ['sh', '-c', script];
        const source = await start(theirs.cri, `their-${name}`, image, { command, annotations }, theirs.cgroupParent);
        await delay(2000);
        const location = join(lab.folder, `${engine}-${name}.tar`);
        await theirs.cri.runtime.checkpointContainer({ containerId: source.containerId, location });
        const { containerId, podSandboxId, logPath } = await start(ours, `from-${engine}-${name}`, location);
        if (name === 'redis') await hasKeys(ours, containerId);
        else await goesOn(logPath);
        await ours.runtime.removePodSandbox({ podSandboxId });
      }
    });

    if (engine === 'containerd') {
      test(`a checkpoint of a copy of its container, converted for ${engine}, comes back there`, async () => {
        const command = ['sh', '-c', COUNTER];
        const source = await start(theirs.cri, 'lent', image, { command }, theirs.cgroupParent);
        await delay(2000);
        const location = join(lab.folder, 'lent.tar');
        await theirs.cri.runtime.checkpointContainer({ containerId: source.containerId, location });
        const here = await start(ours, 'borrowed', location);
        await goesOn(here.logPath);
        const captured = join(lab.folder, 'borrowed.tar');
        await ours.runtime.checkpointContainer({ containerId: here.containerId, location: captured });
        await ours.runtime.removePodSandbox({ podSandboxId: here.podSandboxId });
        const { archive } = await lab.stillframe.read<{ archive: string }>(['convert', captured, '--for', engine]);
        const { containerId, logPath } = await start(theirs.cri, 'returned', archive, DECLARED, theirs.cgroupParent);
        await goesOn(logPath);
        assert.equal(await run(theirs.cri, containerId, CHANGES), CHANGED);
      });

      test(`our counter, captured for no engine in particular, comes back in ${engine} once it is laid out for it`, async () => {
        const annotations = { 'org.criu.config': theirs.criuConfig };
        const source = await start(ours, 'any', image, { command: ['sh', '-c', COUNTER], annotations });
        await delay(2000);
        const location = join(lab.folder, 'any.tar');
        await ours.runtime.checkpointContainer({ containerId: source.containerId, location });
        await ours.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
        const { archive } = await lab.stillframe.read<{ archive: string }>(['convert', location, '--for', engine]);
        const { containerId, logPath } = await start(theirs.cri, 'any-there', archive, DECLARED, theirs.cgroupParent);
        await goesOn(logPath);
        assert.equal(await run(theirs.cri, containerId, CHANGES), CHANGED);
      });
    }

    test(`our counter, as an image for ${engine} in a registry, comes back there as a kubelet has it pulled`, async () => {
      const annotations = { 'org.criu.config': theirs.criuConfig };
      const source = await start(ours, 'sent', image, { command: ['sh', '-c', COUNTER], annotations });
      await delay(2000);
      const location = join(lab.folder, `sent-to-${engine}.tar`);
      await ours.runtime.checkpointContainer({ containerId: source.containerId, location });
      await ours.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
      const reference = `${lab.registry}/sent-to-${engine.toLowerCase()}:v1`;
      await lab.stillframe.read(['image', 'build', location, '-t', reference, '--for', engine.toLowerCase()]);
      // A kubelet creates by what the pull answered, and says beside it what the pod's manifest calls the image.
      const { imageRef } = await theirs.cri.image.pullImage({ image: { image: reference } });
      const named = { image: { image: imageRef, userSpecifiedImage: reference } } as Partial<Config>;
      const more = { ...DECLARED, ...named, annotations } as Partial<Config>;
      const { containerId, logPath } = await start(theirs.cri, 'sent-there', imageRef, more, theirs.cgroupParent);
      await goesOn(logPath);
      assert.equal(await run(theirs.cri, containerId, CHANGES), CHANGED);
    });

    test(`a whole pod of ${engine} is captured one container after another, once that is allowed, and comes back here`, async () => {
      const command = ['sh', '-c', COUNTER];
      const { podSandboxId } = await start(theirs.cri, 'pair', image, { command }, theirs.cgroupParent);
      const { status } = await theirs.cri.runtime.podSandboxStatus({ podSandboxId });
      const own = { securityContext: { namespaceOptions } };
      const config = { metadata: { name: 'second' }, image: { image }, command, logPath: 'second.log', linux: own };
      const pod = { metadata: status?.metadata, linux: { cgroupParent: theirs.cgroupParent } };
      const sandboxConfig = { ...pod, logDirectory: join(lab.folder, 'logs') };
      const { containerId } = await theirs.cri.runtime.createContainer({
        podSandboxId,
        config,
        sandboxConfig,
      } as never);
      await theirs.cri.runtime.startContainer({ containerId });
      await delay(2000);
      const folder = join(lab.folder, `pair-of-${engine}`);
      const words = ['checkpoint', 'default/pair', '--all-containers', '--export', folder, '--cri', theirs.socket];
      await assert.rejects(lab.stillframe.read(words), /ERR_CHECKPOINT_NOT_ATOMIC/);
      const { atomic } = await lab.stillframe.read<{ atomic: boolean }>([...words, '--non-atomic']);
      assert.equal(atomic, false);
      const { restored } = await lab.stillframe.json<{ restored: { logPath: string; sandboxID: string }[] }>([
        ...['restore', folder],
      ]);
      assert.equal(restored.length, 2);
      for (const { logPath } of restored) await goesOn(logPath);
      await ours.runtime.removePodSandbox({ podSandboxId: restored[0]?.sandboxID ?? '' });
    });

    test(`our counter and redis come back in ${engine}`, async () => {
      for (const [name, script] of SCRIPTS) {
        // containerd takes the annotations of the archive, not of the request; this one tells CRIU to keep connections.
        const annotations = { ...made, 'org.criu.config': theirs.criuConfig };
        const source = await start(ours, `our-${name}`, image, { command: ['sh', '-c', script], annotations });
        await delay(2000);
        const location = join(lab.folder, `ours-for-${engine}-${name}.tar`);
        await ours.runtime.checkpointContainer({ containerId: source.containerId, location });
        await ours.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
        const more = { ...DECLARED, annotations: { 'org.criu.config': theirs.criuConfig } } as Partial<Config>;
        const { containerId, logPath } = await start(theirs.cri, `to-${name}`, location, more, theirs.cgroupParent);
        if (name === 'redis') await hasKeys(theirs.cri, containerId);
        else {
          await goesOn(logPath);
          assert.equal(await run(theirs.cri, containerId, CHANGES), CHANGED);
        }
      }
    });
  }
});
