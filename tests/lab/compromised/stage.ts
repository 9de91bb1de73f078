/** Two containers of one image on a node of ours, both checkpointed: one that an intruder was in, and its clean sibling. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RegistryClient } from '@stillframe/oci';
import { openPodLab, type Parts, type PodLab } from '../pods.ts';
import { prepareAttack } from './attack.ts';
import { buildShopImage, SERVICE_PORT } from './image.ts';
import { type Said, truthOf } from './told.ts';
import type { Truth } from './truth.ts';

/** Paths of the archives, and what is in the first. They stay until the stage is disposed. */
export interface Stage extends AsyncDisposable {
  readonly compromised: string;
  readonly clean: string;
  readonly truth: Truth;
  /** The root filesystem of the image of both, a tar. */
  readonly image: string;
}

const NAMESPACES = { linux: { securityContext: { namespaceOptions: { network: 0, pid: 1, ipc: 0, targetId: '' } } } };
/** Ordinary variables. */
const envs = Object.entries({
  HOME: '/root',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
  SERVICE_PORT: String(SERVICE_PORT),
  LOG_LEVEL: 'info',
  PASSWORD_FILE: '/run/secrets/database',
}).map(([key, value]) => ({ key, value: Buffer.from(value) }));
/** As kubelet tells a runtime of the ports that a pod declares. */
const annotations = {
  'io.kubernetes.container.ports': JSON.stringify([{ name: 'http', containerPort: SERVICE_PORT, protocol: 'TCP' }]),
};

/** Builds, runs, breaks in, checkpoints. */
export async function openStage(): Promise<Stage> {
  const pods = await openPodLab();
  try {
    const { folder, registry } = pods.lab;
    await using client = new RegistryClient(registry);
    await mkdir(join(folder, 'shop'));
    await buildShopImage(client.repository('shop'), join(folder, 'shop'));
    const image = `${registry}/shop:v1`;
    await pods.cri.image.pullImage({ image: { image } });
    const clean = await runService(pods, 'shop-clean', image);
    const broken = await runService(pods, 'shop', image);
    const truth = await breakIn(pods, broken, image);
    await ordinary(pods, clean.container);
    return {
      compromised: await checkpoint(pods, broken.container, 'compromised'),
      clean: await checkpoint(pods, clean.container, 'clean'),
      ...{ truth, image: join(folder, 'shop/layer.tar'), [Symbol.asyncDispose]: () => pods[Symbol.asyncDispose]() },
    };
  } catch (error) {
    await pods[Symbol.asyncDispose]();
    throw error;
  }
}

/** A service in a pod of its own, as both have it. */
async function runService(pods: PodLab, name: string, image: string) {
  const pod = await pods.runPod(name, { annotations: { 'io.stillframe.network': 'none' }, ...NAMESPACES });
  const service: Parts = { image: { image }, command: ['/usr/bin/service'], envs, annotations, ...NAMESPACES };
  return { pod, container: await pods.run(pod, 'web', { ...service, logPath: `${name}.log` }) };
}

/** The intruder sits in another container of the pod, which shares its network and nothing else. */
async function breakIn(
  pods: PodLab,
  { pod, container }: { pod: string; container: string },
  image: string,
): Promise<Truth> {
  const kit = join(pods.lab.folder, 'kit');
  const attack = await prepareAttack(kit);
  await pods.run(pod, 'intruder', {
    ...{ image: { image }, command: ['/bin/sh', '-c', attack.serve('/kit')], ...NAMESPACES },
    mounts: [{ containerPath: '/kit', hostPath: kit, readonly: true }],
  });
  const said = await pods.said(container, attack.script);
  return truthOf(said.split('\n').filter(Boolean).map(parse), attack);
}

/** What people do in a container that nobody broke into. */
async function ordinary(pods: PodLab, container: string): Promise<void> {
  await pods.said(container, 'cat /etc/service.conf /var/log/service.log >/dev/null; echo upload >/tmp/upload-1');
}

async function checkpoint(pods: PodLab, containerId: string, name: string): Promise<string> {
  // So that what was started last has come to rest, and logs have some lines.
  await delay(500);
  const location = join(pods.lab.folder, `${name}.tar`);
  await pods.cri.runtime.checkpointContainer({ containerId, location });
  return location;
}

function parse(line: string): Said {
  const [thing = '', pid, fd, address, bytes, ...rest] = line.split(' ');
  assert.ok(bytes !== undefined && rest.length === 0, `the intruder fails: ${line}`);
  const given = (text: string | undefined) => (text === '-' ? undefined : text);
  return {
    thing,
    pid: Number(pid),
    fd: Number(given(fd) ?? -1),
    address: given(address) ?? '',
    bytes: given(bytes) ?? '',
  };
}
