/** A node of its own for a lab test: real runc, conmon, CRIU and registry in a temporary folder, counted before and after. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UndoStack } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { buildBaseImage, execute, Stillframe } from '@stillframe/demo/stage';
import { RegistryClient } from '@stillframe/oci';
import { leftBehind, startRegistry, takeCensus } from '@stillframe/testkit';
import { stillframeHere } from './here.ts';

export interface Lab extends AsyncDisposable {
  readonly folder: string;
  readonly stillframe: Stillframe;
  readonly endpoints: Endpoints;
  /** Reference of a busybox image. */
  readonly image: string;
  readonly registry: string;
  /** Runs a shell script in a container of its own; returns the path of its log. */
  run(address: string, script: string, options?: readonly string[]): Promise<string>;
  /** The kubelet's checkpoint call by curl; `credentials` false leaves the client certificate out. */
  curl(path: string, options?: { credentials?: boolean; method?: string }): Promise<{ status: number; body: string }>;
}

export interface Endpoints {
  pid: number;
  kubelet: string;
  clientCertificate: string;
  clientKey: string;
  checkpoints: string;
}

/**
 * Starts everything below `base`; disposing takes it down and asserts that nothing is left behind. `up`: further words of
 * `node up`, for the lab's folder.
 */
export async function openLab(
  base = '/var/tmp',
  up: (folder: string) => Promise<readonly string[]> = async () => [],
): Promise<Lab> {
  const before = await takeCensus();
  const folder = await mkdtemp(join(base, 'stillframe-lab-'));
  const undo = new UndoStack({ deadline: 120_000 });
  undo.push('folder', () => rm(folder, { recursive: true, force: true }));
  try {
    const registry = await startRegistry();
    undo.push('registry', () => registry[Symbol.asyncDispose]());
    await using client = new RegistryClient(registry.address);
    await mkdir(join(folder, 'image'));
    await buildBaseImage(client.repository('busybox'), 'v1', join(folder, 'image'));
    const image = `${registry.address}/busybox:v1`;
    const stillframe = new Stillframe(folder, await up(folder), stillframeHere);
    undo.push('node', async () => {
      // A test may have killed it: a new one then takes over what is left, and takes it down.
      await stillframe.up(0);
      await endContainers(join(folder, 'state/cri.sock'));
      await stillframe.atNode(['node', 'down', '--pods']);
    });
    const endpoints = await stillframe.up<Endpoints>(0);
    return {
      folder,
      stillframe,
      endpoints,
      image,
      registry: registry.address,
      run: async (address, script, options = []) => {
        const rest = ['--image', image, ...options, '--', 'sh', '-c', script];
        return (await stillframe.json<{ logPath: string }>(['run', address], rest)).logPath;
      },
      curl: (path, options) => curl(endpoints, path, options),
      async [Symbol.asyncDispose]() {
        await undo[Symbol.asyncDispose]();
        const left = await leftBehind(before, basename(folder));
        assert.deepEqual(left, [], 'something was left behind');
      },
    };
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
}

/** At once: of the shells that run here most heed no signal, and each would be waited for. */
async function endContainers(socket: string): Promise<void> {
  await using cri = await openCriClient({ socket });
  const { containers } = await cri.runtime.listContainers({});
  await Promise.all(containers.map(({ id }) => cri.runtime.stopContainer({ containerId: id, timeout: 0n })));
}

/** A lab with a client of its node's CRI socket, whose base image is pulled. */
export interface CriLab extends Lab {
  readonly cri: CriClient;
}

/** Starts a lab and connects to it; disposing closes the client first. */
export async function openCriLab(): Promise<CriLab> {
  const lab = await openLab();
  let client: CriClient | undefined;
  const close = async () => {
    await client?.[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  };
  try {
    const cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    client = cri;
    await cri.image.pullImage({ image: { image: lab.image } });
    return { ...lab, cri, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function curl(endpoints: Endpoints, path: string, options: { credentials?: boolean; method?: string } = {}) {
  const { credentials = true, method = 'POST' } = options;
  const certificate = credentials ? ['--cert', endpoints.clientCertificate, '--key', endpoints.clientKey] : [];
  const { stdout } = await execute([
    ...['curl', '--silent', '--show-error', '--insecure', '-X', method, '--write-out', '\n%{http_code}'],
    ...certificate,
    `${endpoints.kubelet}${path}`,
  ]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}
