/** The image of Stillframe itself, on a node of ours, with no more rights than the chart gives it: it collects what that node captured. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decodeAnnotations } from '@stillframe/checkpoint';
import { execute } from '@stillframe/demo/stage';
import { parseManifest, RegistryClient } from '@stillframe/oci';
import { freePort, needs } from '@stillframe/testkit';
import { parseAllDocuments } from 'yaml';
import { stillframeHere } from './here.ts';
import { type CriLab, openCriLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
const MAKE = fileURLToPath(new URL('../../deploy/image.ts', import.meta.url));

describe('the image of Stillframe', { skip }, () => {
  let lab: CriLab;
  let image: string;
  let podSandboxId: string;
  const pod = {
    metadata: { name: 'collector', uid: 'collector', namespace: 'stillframe' },
    // The registry of the lab listens on the node’s loopback.
    linux: { securityContext: { namespaceOptions: { network: 2 } } },
  };

  before(async () => {
    lab = await openCriLab();
    const layout = join(lab.folder, 'layout');
    await execute([process.execPath, MAKE, layout]);
    image = `${lab.registry}/stillframe:lab`;
    await stillframeHere(['image', 'copy', `oci:${layout}:stillframe`, image]);
    await lab.cri.image.pullImage({ image: { image } });
    Object.assign(pod, { logDirectory: join(lab.folder, 'logs') });
    ({ podSandboxId } = await lab.cri.runtime.runPodSandbox({ config: pod as never }));
  });
  after(() => lab?.[Symbol.asyncDispose]());

  /** As the chart has it: root without a capability, nothing to write but what is mounted so. What it wrote, and its exit code. */
  async function run(name: string, args: string[], mounts: object[] = []) {
    const config = {
      ...{ metadata: { name }, image: { image }, args, mounts, logPath: `${name}.log` },
      envs: [{ key: 'STILLFRAME_NODE_NAME', value: Buffer.from('lab-node') }],
      linux: {
        securityContext: {
          ...{ readonlyRootfs: true, noNewPrivs: true, runAsUser: { value: 0n } },
          capabilities: { dropCapabilities: ['ALL'] },
          seccomp: { profileType: 0 },
        },
      },
    };
    const { runtime } = lab.cri;
    const request = { podSandboxId, config: config as never, sandboxConfig: pod as never };
    const { containerId } = await runtime.createContainer(request);
    await runtime.startContainer({ containerId });
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(50)) {
      const { status } = await runtime.containerStatus({ containerId });
      if (status?.state !== 2) continue;
      const log = await readFile(join(lab.folder, 'logs', `${name}.log`), 'utf8');
      await runtime.removeContainer({ containerId });
      return { code: status.exitCode, log };
    }
    throw new Error(`${name} does not end`);
  }

  test('says its version, and has no shell', async () => {
    const { code, log } = await run('version', ['--version']);
    assert.equal(code, 0, log);
    assert.match(log, /stdout F 0\.1\.0$/m);
    const config = { metadata: { name: 'shell' }, image: { image }, command: ['/bin/sh'] };
    const request = { podSandboxId, config: config as never, sandboxConfig: pod as never };
    const started = lab.cri.runtime
      .createContainer(request)
      .then(({ containerId }) => lab.cri.runtime.startContainer({ containerId }));
    await assert.rejects(started);
  });

  test('collects from a folder that is mounted read-only, without any capability', async () => {
    const { endpoints, folder, registry } = lab;
    await lab.run('default/web/app', 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done');
    const { body } = await lab.curl('/checkpoint/default/web/app');
    const [archive = ''] = (JSON.parse(body) as { items: string[] }).items;
    const state = join(folder, 'collector');
    await mkdir(state);
    const mounts = [
      { containerPath: '/checkpoints', hostPath: endpoints.checkpoints, readonly: true },
      { containerPath: '/state', hostPath: state },
    ];
    const args = ['collect', '/checkpoints', `--to=${registry}/nodes/c`, '--state=/state', '--settle=0s', '--once'];
    const first = await run('first', args, mounts);
    assert.equal(first.code, 0, first.log);
    const again = await run('again', args, mounts);
    assert.match(again.log, /"placed": 0/);
    await using client = new RegistryClient(registry);
    const store = client.repository('nodes/c');
    const [tag = '', ...others] = (await store.tags()).filter((each) => !each.startsWith('sha256-'));
    assert.deepEqual(others, []);
    const target = await store.resolve(tag);
    const { annotations = {} } = parseManifest(await store.manifest(target), target.mediaType);
    const facts = decodeAnnotations(annotations);
    assert.deepEqual([facts?.recordedName, facts?.collectedFrom], [basename(archive), 'lab-node']);
    assert.ok((await readFile(archive)).length > 0, 'it is where it was');
  });

  test('runs as the manifest of the chart says, as far as a node of ours honours it, and collects what comes', async () => {
    const { endpoints, folder, registry } = lab;
    const port = await freePort();
    const text = await readFile(new URL('../../deploy/manifests/collector.yaml', import.meta.url), 'utf8');
    const documents = parseAllDocuments(text.replaceAll('9464', String(port))).map((each) => each.toJS());
    const spec = documents.find(({ kind }) => kind === 'DaemonSet').spec.template.spec;
    const [container] = spec.containers;
    const [checkpoints, state, tmp] = spec.volumes;
    // Which cluster, which registry, which folders: nothing of what it may do.
    for (const key of ['serviceAccountName', 'nodeSelector']) delete spec[key];
    Object.assign(spec, { hostNetwork: true });
    container.image = image;
    container.args = container.args.map((word: string) =>
      word.startsWith('--to=') ? `--to=${registry}/by/manifest` : word.replace('--settle=10s', '--settle=1s'),
    );
    checkpoints.hostPath.path = endpoints.checkpoints;
    state.hostPath.path = join(folder, 'by-manifest');
    tmp.emptyDir = {};
    const metadata = { name: 'by-manifest', namespace: 'stillframe' };
    const secret = {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'stillframe-registry', namespace: 'stillframe' } },
      stringData: { '.dockerconfigjson': '{"auths":{}}' },
    };
    const items = [{ apiVersion: 'v1', kind: 'Pod', metadata, spec }, secret];
    const manifest = join(folder, 'collector.json');
    await writeFile(manifest, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await lab.stillframe.atNode(['run', '-f', manifest, '--detach']);
    await lab.run('default/late/app', 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done');
    assert.equal((await lab.curl('/checkpoint/default/late/app')).status, 200);
    await using client = new RegistryClient(registry);
    const late = async () =>
      (
        await client
          .repository('by/manifest')
          .tags()
          .catch(() => [])
      ).some((tag) => tag.startsWith('late_default-app-'));
    for (const end = Date.now() + 60_000; !(await late()) && Date.now() < end; ) await delay(100);
    assert.ok(await late());
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text(), 'ok');
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.match(metrics, /stillframe_collector_placed_total [1-9]/);
    await lab.stillframe.atNode(['rm', 'stillframe/by-manifest']);
  });
});
