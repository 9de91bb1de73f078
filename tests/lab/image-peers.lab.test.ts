/** Checkpoint images between us and the tools that others use for images, over a real registry. */
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Checkpoint, extractArchive, openCheckpoint, openCheckpointImage } from '@stillframe/checkpoint';
import { digestSource, limits, readAll } from '@stillframe/core';
import { execute } from '@stillframe/demo/stage';
import { RegistryClient } from '@stillframe/oci';
import { needs } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';
import { waitForLines } from './log-lines.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url));
/** The mark that CRI-O looks for; the article sets no other. */
const CRIO_MARK = 'io.kubernetes.cri-o.annotations.checkpoint.name';

describe(
  'checkpoint images and the tools of others',
  needs('checkpoint', 'docker-registry', 'skopeo', 'buildah'),
  () => {
    let lab: CriLab;
    let archive: string;
    before(async () => {
      lab = await openCriLab();
      const log = await lab.run('default/counters/counter', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done');
      await waitForLines(log, 5);
      archive = (await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/counters/counter'])).archive;
    });
    after(async () => {
      await lab?.[Symbol.asyncDispose]();
    });

    const stillframe = (...args: string[]) => execute([process.execPath, PROGRAM, ...args]);
    const skopeo = (...args: string[]) => execute(['skopeo', '--insecure-policy', ...args]);

    test('skopeo inspects ours and copies it; buildah pulls it; it is the captured archive all along', async () => {
      const reference = `${lab.registry}/ours/counter:1`;
      await stillframe('image', 'build', archive, reference);
      const { stdout } = await skopeo('inspect', '--tls-verify=false', `docker://${reference}`);
      const seen = JSON.parse(stdout) as { Os: string; Architecture: string; Layers: string[]; Created: string };
      assert.deepEqual([seen.Os, seen.Architecture, seen.Layers.length], ['linux', 'amd64', 1]);
      assert.ok(Date.parse(seen.Created) > Date.now() - 600_000);
      const { stdout: config } = await skopeo('inspect', '--config', '--tls-verify=false', `docker://${reference}`);
      assert.match(config, /"created_by": "stillframe image build"/);

      await stillframe('image', 'build', archive, '-t', `${lab.registry}/ours/indexed:1`, '--index');
      const { stdout: indexed } = await skopeo(
        'inspect',
        '--tls-verify=false',
        `docker://${lab.registry}/ours/indexed:1`,
      );
      assert.deepEqual((JSON.parse(indexed) as typeof seen).Layers, seen.Layers);

      const copied = `${lab.registry}/copied/counter:1`;
      await skopeo(
        ...['copy', '--src-tls-verify=false', '--dest-tls-verify=false', `docker://${reference}`, `docker://${copied}`],
      );
      const out = join(lab.folder, 'copied.tar');
      await stillframe('image', 'extract', copied, out);
      assert.ok((await readFile(out)).equals(await readFile(archive)));
      await rm(out);

      await using buildah = await openBuildah(lab.folder);
      await buildah.run('pull', '--tls-verify=false', copied);
      const { stdout: pulled } = await buildah.run('inspect', '--type', 'image', copied);
      assert.match(pulled, new RegExp(`"${CRIO_MARK}": "counter"`));
    });

    test('an image made by the article’s buildah commands is read and restored here', async () => {
      const reference = `${lab.registry}/article/counter:1`;
      await using buildah = await openBuildah(lab.folder);
      const container = (await buildah.run('from', 'scratch')).stdout.trim();
      await buildah.run('add', container, archive, '/');
      await buildah.run('config', '--annotation', `${CRIO_MARK}=counter`, container);
      await buildah.run('commit', container, 'checkpoint-image:latest');
      await buildah.run('rm', container);
      await buildah.run('push', '--tls-verify=false', 'localhost/checkpoint-image:latest', reference);

      await using client = new RegistryClient(lab.registry);
      const repository = client.repository('article/counter');
      await using opened = await openCheckpointImage(repository, '1');
      assert.equal(opened.metadata.container.podName, 'counters');
      await extractArchive(repository, await repository.resolve('1'), join(lab.folder, 'article.tar.gz'));
      // buildah compressed the layer: other bytes, the same files with the same content.
      await using extracted = await openCheckpoint(join(lab.folder, 'article.tar.gz'));
      await using captured = await openCheckpoint(archive);
      assert.equal(extracted.archive.compression, 'gzip');
      const files = ({ archive: { entries } }: Checkpoint) =>
        [...entries.values()].flatMap(({ name, kind, size }) => (kind === 'file' ? [`${name} ${size}`] : [])).sort();
      assert.deepEqual(files(extracted), files(captured));
      for (const name of captured.archive.entries.keys()) {
        if (captured.archive.entries.get(name)?.kind !== 'file') continue;
        const [ours, theirs] = await Promise.all(
          [captured, extracted].map((each) => digestSource(each.archive.open(name))),
        );
        assert.equal(theirs, ours, name);
      }

      const { restored } = await lab.stillframe.json<{ restored: { logPath: string; sandboxID: string }[] }>([
        'restore',
        reference,
      ]);
      const [copy] = restored;
      assert.ok(copy);
      // The captured log comes first, then what the copy counts on.
      const log = await readAll(opened.archive.open('io.kubernetes.cri-o.LogPath'), { limit: limits.json });
      const lines = Buffer.from(log).toString().trim().split('\n').length;
      const numbers = await waitForLines(copy.logPath, lines + 5);
      assert.deepEqual(
        numbers,
        numbers.map((_number, at) => at + 1),
      );
    });
  },
);

interface Buildah extends AsyncDisposable {
  run(command: string, ...args: string[]): ReturnType<typeof execute>;
}

/** buildah with a store of its own. */
async function openBuildah(base: string): Promise<Buildah> {
  const folder = join(base, `buildah-${process.hrtime.bigint()}`);
  await mkdir(folder);
  const policy = join(folder, 'policy.json');
  await writeFile(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
  const place = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const trusting = new Set(['pull', 'commit', 'push']);
  return {
    run: (command, ...args) => {
      const rest = trusting.has(command) ? ['--signature-policy', policy, ...args] : args;
      return execute(['buildah', ...place, command, ...rest]);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
