/** Making an image of an archive, pushing it, and restoring: beside buildah, skopeo, podman and bare runc. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { convertArchive, openCheckpoint, verifyArchive } from '@stillframe/checkpoint';
import { openFileSource } from '@stillframe/core/file';
import { decodeImage, framedKind } from '@stillframe/criu-image';
import { execute } from '@stillframe/demo/stage';
import { Layout } from '@stillframe/oci';
import { findProgram } from '@stillframe/runtime/host';
import { startRegistry } from '@stillframe/testkit';
import { type Contest, inTurn, timeOf } from './contest.ts';
import { working } from './machine.ts';
import type { Stage } from './stage.ts';
import { INSIDE } from './workload.ts';

export async function imageContests(stage: Stage, rounds: number): Promise<Contest[]> {
  const archive = await stage.archive(1024);
  const layout = join(stage.folder, 'layout');
  const fresh = async () => await rm(layout, { recursive: true, force: true });
  const buildah = await working(findProgram('buildah', process.env));
  const build = () => stage.stillframe.read(['image', 'build', archive, `oci:${layout}:v1`]);
  const [ours = [], peer = []] = await inTurn(rounds, [
    () => fresh().then(() => timeOf(build)),
    buildah === undefined
      ? undefined
      : () => fresh().then(() => timeOf(() => byBuildah(buildah, archive, layout, stage.folder))),
  ]);
  return [
    {
      title: 'archive to OCI layout, 1 GiB',
      unit: 'ms',
      ours: { name: 'stillframe image build', figures: ours },
      others: [{ name: 'buildah from, add, config, commit', figures: peer, bar: { times: 0.1 } }],
    },
    await knownDigestContest(stage, rounds, layout),
    await pushContest(stage, rounds, layout, () => fresh().then(build)),
  ];
}

/** By the library, for who knows the digest: a layout takes the archive's file itself, so its size counts for nothing. */
async function knownDigestContest(stage: Stage, rounds: number, layout: string): Promise<Contest> {
  const turnOf = async (mebibytes: number) => {
    const path = await stage.archive(mebibytes);
    await using hashed = await openCheckpoint(path);
    const { archive } = hashed;
    if (archive.bytes === undefined) throw new Error(`${path} is no archive file`);
    const knownDigest = await verifyArchive({ ...archive, bytes: archive.bytes }, undefined);
    return async () => {
      await rm(layout, { recursive: true, force: true });
      return await timeOf(async () => {
        await using checkpoint = await openCheckpoint(path);
        await convertArchive(checkpoint, await Layout.create(layout), { knownDigest, tag: 'v1' });
      });
    };
  };
  const [large = [], small = []] = await inTurn(rounds, [await turnOf(4096), await turnOf(1024)]);
  return {
    title: 'archive of a known digest to OCI layout, 4 GiB',
    unit: 'ms',
    ours: { name: 'our library', figures: large },
    others: [{ name: 'ours at 1 GiB', figures: small, bar: { times: 1.2, plus: 20 } }],
  };
}

/** Each push goes to a registry that has nothing yet, since one that has the blob is only asked. */
async function pushContest(
  stage: Stage,
  rounds: number,
  layout: string,
  build: () => Promise<unknown>,
): Promise<Contest> {
  await build();
  const skopeo = await working(findProgram('skopeo', process.env));
  const toFresh = async (push: (registry: string) => Promise<unknown>) => {
    await using registry = await startRegistry();
    return await timeOf(() => push(registry.address));
  };
  const [ours = [], peer = []] = await inTurn(rounds, [
    () => toFresh((registry) => stage.stillframe.read(['image', 'push', `oci:${layout}:v1`, `${registry}/bench:v1`])),
    skopeo === undefined
      ? undefined
      : () =>
          toFresh((registry) =>
            execute([skopeo, 'copy', '--dest-tls-verify=false', `oci:${layout}:v1`, `docker://${registry}/bench:v1`]),
          ),
  ]);
  return {
    title: 'push to a loopback registry, 1 GiB',
    unit: 'ms',
    ours: { name: 'stillframe image push', figures: ours },
    others: [{ name: 'skopeo copy', figures: peer, bar: { times: 1.2 } }],
  };
}

/** The recipe that the Kubernetes documentation gives for CRI-O. */
async function byBuildah(buildah: string, archive: string, layout: string, folder: string): Promise<void> {
  const place = ['--root', join(folder, 'buildah-root'), '--runroot', join(folder, 'buildah-run')];
  const run = (...args: string[]) => execute([buildah, ...place, ...args]);
  const container = (await run('from', 'scratch')).stdout.trim();
  try {
    await run('add', container, archive, '/');
    await run('config', '--annotation=io.kubernetes.cri-o.annotations.checkpoint.name=main', container);
    await run('commit', '--quiet', container, `oci:${layout}:v1`);
  } finally {
    await run('rm', container);
  }
}

/** From an archive to a running copy. */
export async function restoreContests(stage: Stage, rounds: number): Promise<Contest[]> {
  const archive = await stage.archive(1024);
  const podman = await stage.podman(1024);
  const exported = join(stage.folder, 'to-import.tar');
  if (podman) {
    const how = ['--leave-running', '--compress', 'none', '--export', exported];
    await podman.run('container', 'checkpoint', ...how, podman.name);
  }
  let copies = 0;
  const byCriu: number[] = [];
  const [ours = [], peer = []] = await inTurn(rounds, [
    async () => {
      let [address, containerID] = ['', ''];
      const time = await timeOf(async () => {
        const restore = ['restore', archive, '--mount', `${stage.programs}:${INSIDE}`];
        const made = await stage.stillframe.json<{ restored: { address: string; containerID: string }[] }>(restore);
        address = made.restored[0]?.address ?? '';
        containerID = made.restored[0]?.containerID ?? '';
      });
      byCriu.push(await restoreTime(join(stage.lab.folder, 'state/bundles', containerID)));
      await stage.lab.stillframe.atNode(['rm', address.split('/').slice(0, 2).join('/')]);
      return time;
    },
    podman &&
      (async () => {
        copies += 1;
        const name = `copy-${copies}`;
        const time = await timeOf(() => podman.run('container', 'restore', '--import', exported, '--name', name));
        await podman.run('rm', '--force', '--time', '0', name);
        return time;
      }),
  ]);
  return [
    {
      title: 'restore from the archive, 1 GiB',
      unit: 'ms',
      ours: { name: 'stillframe restore', figures: ours },
      others: [
        { name: 'podman container restore --import', figures: peer, bar: { times: 0.6 } },
        // Its first round does not count either.
        { name: 'the floor: what CRIU took of it', figures: byCriu.slice(1) },
      ],
      note: 'ours makes a pod, and checks archive and policy; its pages are read where they lie',
    },
  ];
}

/** Milliseconds, from the stats-restore that CRIU leaves in the bundle. */
async function restoreTime(bundle: string): Promise<number> {
  await using source = await openFileSource(join(bundle, 'stats-restore'));
  for await (const { message } of decodeImage(framedKind('stats-restore'), source, () => undefined)) {
    const { restore } = message as { restore?: { restoreTime: number } };
    if (restore) return restore.restoreTime / 1000;
  }
  throw new Error('CRIU left no statistics');
}
