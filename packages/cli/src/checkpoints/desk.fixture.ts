/** A folder of checkpoints as a node leaves it, with archives that are short but begin as archives do. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTarHeader } from '@stillframe/checkpoint';
import { digestOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { evidencePath } from '@stillframe/evidence';
import { archiveName } from '@stillframe/kubelet/names';
import { captureText } from '../image/desk.fixture.ts';

export const NOW = Date.parse('2026-11-26T12:00:00Z');
const HOUR = 3_600_000;
const WEB: Address = ['default', 'web', 'app'];
const ARCHIVE = Buffer.concat([encodeTarHeader({ name: 'config.dump', size: 0n, type: '0' }), Buffer.alloc(1024)]);

export type Address = readonly [kubeNamespace: string, pod: string, container: string];

export interface Folder {
  readonly path: string;
  at(name: string): string;
  /** An archive so many hours old; returns its name. */
  archive(hours: number, more?: { address?: Address; evidence?: boolean }): Promise<string>;
  /** The folder of a pod's checkpoint of two containers. */
  pod(name: string, hours: number): Promise<void>;
  names(): Promise<string[]>;
}

export async function inFolder(use: (folder: Folder) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir(), 'checkpoints');
  const { path } = folder;
  const at = (name: string) => join(path, name);
  await use({
    path,
    at,
    async archive(hours, { address = WEB, evidence = true } = {}) {
      const [kubeNamespace, pod, container] = address;
      const name = archiveName({ kubeNamespace, pod, container }, new Date(NOW - hours * HOUR));
      await writeFile(at(name), ARCHIVE);
      if (evidence) await writeEvidence(at(name), address);
      return name;
    },
    async pod(name, hours) {
      await mkdir(at(name));
      for (const each of ['a', 'b']) {
        await writeFile(at(`${name}/${each}.tar`), ARCHIVE);
        await writeEvidence(at(`${name}/${each}.tar`), ['default', 'web', each]);
      }
      const checkpointedAt = new Date(NOW - hours * HOUR).toISOString();
      await writeFile(at(`${name}/pod.dump`), JSON.stringify({ checkpointedAt, truePause: 7 }));
      const annotations = { 'org.criu.checkpoint.pod.name': 'web', 'org.criu.checkpoint.pod.namespace': 'default' };
      const list = { version: 1, containers: { a: 'a.tar', b: 'b.tar' }, annotations };
      await writeFile(at(`${name}/pod.options`), JSON.stringify(list));
    },
    names: async () => (await readdir(path, { recursive: true })).sort(),
  });
}

function writeEvidence(path: string, [kubeNamespace, podName, name]: Address): Promise<void> {
  const archive = { digest: digestOf(ARCHIVE), size: ARCHIVE.length };
  return writeFile(evidencePath(path), captureText(archive, { name, podName, kubeNamespace }));
}
