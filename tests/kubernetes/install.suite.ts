/**
 * What is installed in a cluster, as its plain manifests say, with the image that deploy/image.ts makes: the controller captures what an
 * object asks for, through a real kubelet, and the collector of that node brings the archive to a registry.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decodeAnnotations } from '@stillframe/checkpoint';
import { execute } from '@stillframe/demo/stage';
import { parseManifest, RegistryClient } from '@stillframe/oci';
import { parseAllDocuments } from 'yaml';
import { stillframeHere } from '../lab/here.ts';
import { type ClusterLab, openClusterLab, PATIENCE, skip } from './cluster-lab.ts';
import { FIRST } from './host.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
const CAPTURE = {
  ...{ apiVersion: 'stillframe.io/v1alpha1', kind: 'Checkpoint', metadata: { name: 'case-7', namespace: 'default' } },
  spec: { podName: 'counters', reason: 'as an example' },
};

describe('Stillframe in a real cluster', { skip }, () => {
  let here: ClusterLab;
  let checkpoints: string;

  const apply = (documents: readonly object[]) => {
    const list = { apiVersion: 'v1', kind: 'List', items: documents };
    return here.plane.kubectl('admin', ['apply', '-f', '-'], JSON.stringify(list));
  };
  const told = async (...words: string[]) => (await here.plane.kubectl('admin', words)).trim();

  before(async () => {
    here = await openClusterLab();
    const { lab, plane } = here;
    checkpoints = join(plane.folder, 'node-1/root/checkpoints');
    const layout = join(lab.folder, 'layout');
    await execute([process.execPath, join(DEPLOY, 'image.ts'), layout]);
    const image = `${lab.registry}/stillframe:lab`;
    await stillframeHere(['image', 'copy', `oci:${layout}:stillframe`, image]);
    await mkdir(checkpoints, { recursive: true, mode: 0o700 });
    await plane.kubectl('admin', ['apply', '-f', join(DEPLOY, 'chart/crds')]);
    const login = { '.dockerconfigjson': '{"auths":{}}' };
    const secret = {
      ...{ apiVersion: 'v1', kind: 'Secret' },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: login,
    };
    const documents = [
      ...(await manifest('namespace')),
      ...[{ ...secret, metadata: { name: 'stillframe-registry', namespace: 'stillframe' } }],
      ...(await manifest('collector')).map((each) => adapted(each, image)),
      ...(await manifest('controller')).map((each) => adapted(each, image)),
    ];
    await apply(documents);
    await here.count(here.node, 'counters');
  });
  after(() => here?.[Symbol.asyncDispose]());

  /** Which cluster, registry and folders; nothing of what they may do. Nodes of the lab have the host's network alone. */
  function adapted(document: Document, image: string): Document {
    const spec = document.spec?.template?.spec;
    const [container] = spec?.containers ?? [];
    if (!spec || !container) return document;
    const [, port = ''] = /:(\d+)$/.exec(here.plane.server) ?? [];
    Object.assign(spec, { hostNetwork: true });
    Object.assign(container, { image });
    if (document.kind === 'Deployment') Object.assign(document.spec ?? {}, { replicas: 1 });
    const args = container.args.map((word) =>
      word.replace(/^--to=.*/, `--to=${here.lab.registry}/nodes/all`).replace('--settle=10s', '--settle=1s'),
    );
    const env = [
      ...(container.env ?? []),
      ...[{ name: 'KUBERNETES_SERVICE_HOST', value: FIRST.address }],
      ...[{ name: 'KUBERNETES_SERVICE_PORT', value: port }],
    ];
    Object.assign(container, { args, env });
    for (const { hostPath } of spec.volumes ?? []) {
      if (hostPath?.type === 'Directory') hostPath.path = checkpoints;
      else if (hostPath) hostPath.path = join(here.lab.folder, 'collector');
    }
    return document;
  }

  it('captures what a Checkpoint asks for, and the archive is in the registry', async () => {
    await told(
      'rollout',
      'status',
      'daemonset/stillframe-collector',
      '-n',
      'stillframe',
      `--timeout=${PATIENCE / 1000}s`,
    );
    await apply([CAPTURE]);
    await told('wait', 'checkpoint/case-7', '--for=condition=Captured', `--timeout=${PATIENCE / 1000}s`);
    const path = await told('get', 'checkpoint/case-7', '-o', 'jsonpath={.status.archive.path}');
    assert.equal(basename(path).startsWith('checkpoint-counters_default-counter-'), true, path);
    assert.equal(existsSync(path), true, 'the archive is on its node');
    await using client = new RegistryClient(here.lab.registry);
    const store = client.repository('nodes/all');
    const tags = async () => (await store.tags().catch(() => [])).filter((tag) => !tag.startsWith('sha256-'));
    for (const deadline = Date.now() + PATIENCE; (await tags()).length === 0; await delay(200))
      assert.ok(Date.now() < deadline, await told('logs', '-n', 'stillframe', 'daemonset/stillframe-collector'));
    const [tag = '', ...others] = await tags();
    assert.deepEqual(others, [], 'it is there once');
    const target = await store.resolve(tag);
    const { annotations = {} } = parseManifest(await store.manifest(target), target.mediaType);
    const facts = decodeAnnotations(annotations);
    assert.deepEqual([facts?.recordedName, facts?.collectedFrom], [basename(path), 'node-1']);
  });

  it('tells of it by kubectl, and what counts goes on', async () => {
    await here.counted(here.node, 'counters', 3);
    const events = await told(
      'get',
      'events',
      '--field-selector',
      'involvedObject.kind=Checkpoint',
      '-o',
      'jsonpath={..reason}',
    );
    assert.match(events, /ArchiveWritten|Captured/);
    assert.match(await told('get', 'checkpoints'), /case-7.*Captured/);
  });

  it('asks for nothing that it may not', async () => {
    const log = await told('logs', '-n', 'stillframe', 'deployment/stillframe-controller');
    assert.equal(/FORBIDDEN|forbidden/.test(log), false, log);
  });
});

interface Document {
  kind?: string;
  spec?: {
    template?: {
      spec?: {
        containers: { args: string[]; env?: object[] }[];
        volumes?: { hostPath?: { path: string; type?: string } }[];
      };
    };
  };
}

async function manifest(name: string): Promise<Document[]> {
  const text = await readFile(join(DEPLOY, 'manifests', `${name}.yaml`), 'utf8');
  return (
    parseAllDocuments(text)
      .map((each) => each.toJS() as Document | null)
      .filter((each) => each !== null)
      // A network that enforces policies is no part of the lab.
      .filter(({ kind }) => kind !== 'NetworkPolicy')
  );
}
