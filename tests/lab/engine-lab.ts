/** A node of ours, an image with redis, and what is asked of a container wherever it runs: for tests between engines. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { RegistryClient } from '@stillframe/oci';
import { buildEngineImages, COUNTER, REDIS } from './engines.ts';
import { openLab } from './lab.ts';

/** What runs in the containers, by name. */
export const SCRIPTS = [
  ['counter', COUNTER],
  ['redis', REDIS],
] as const;
/** Answers what the redis of SCRIPTS holds. */
export const KEYS = ['redis-cli', 'mget', 'user:1', 'user:2', 'card'];
/** Answers CHANGED where the counter's added file is there, and the one that it deleted is not. */
export const CHANGES = ['sh', '-c', 'cat /tmp/added; ls /bin/nc 2>&1 || true'];
export const CHANGED = 'added\nls: /bin/nc: No such file or directory\n';
/** A network and pids of their own. */
export const namespaceOptions = { network: 0, pid: 1, ipc: 0, targetId: '' };
export type Config = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;
/** Masked files must be declared as kubelet does: CRIU asks for what it masks them with. */
export const DECLARED = {
  linux: { securityContext: { maskedPaths: ['/proc/keys'], namespaceOptions } },
} as unknown as Partial<Config>;

export type EngineLab = Awaited<ReturnType<typeof openEngineLab>>;

/** Starts a lab; `ours` is a client of its node, `image` runs what SCRIPTS have. */
export async function openEngineLab() {
  const lab = await openLab();
  try {
    const ours = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    await using client = new RegistryClient(lab.registry);
    await mkdir(join(lab.folder, 'engines'));
    await buildEngineImages((name) => client.repository(name), join(lab.folder, 'engines'));
    const image = `${lab.registry}/engines:v1`;
    return {
      ...{ lab, ours, image },
      ...askingIn(lab.folder),
      async [Symbol.asyncDispose]() {
        await ours[Symbol.asyncDispose]();
        await lab[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

function askingIn(folder: string) {
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
    const pod = { metadata, annotations, logDirectory: join(folder, 'logs'), linux };
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
  /** The counter's added file is there, and the one that it deleted is not. */
  const hasChanges = async (cri: CriClient, id: string) => assert.equal(await run(cri, id, CHANGES), CHANGED);
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
  return { start, run, hasKeys, hasChanges, numbers, goesOn };
}
