/** Looking at an archive, searching it and making an image of it, beside checkpointctl, grep and buildah. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from '@stillframe/demo/stage';
import { findProgram } from '@stillframe/runtime/host';
import { findPeer } from '@stillframe/testkit';
import { type Contest, inTurn, timeOf } from './contest.ts';
import { working } from './machine.ts';
import { NEEDLE, type Stage } from './stage.ts';

export async function inspectContest(stage: Stage, archive: string, rounds: number): Promise<Contest> {
  const checkpointctl = await working(findPeer('checkpointctl'));
  let said = '';
  const [ours, peer] = await inTurn(
    rounds,
    () => timeOf(() => stage.lab.stillframe.read(['inspect', archive, '--all'])),
    checkpointctl === undefined
      ? undefined
      : () =>
          timeOf(async () => {
            said = (await execute([checkpointctl, 'inspect', '--all', archive])).stdout;
          }),
  );
  const blind = checkpointctl !== undefined && !said.includes(NEEDLE);
  return {
    title: 'inspect everything, 256 MiB',
    ours: { name: 'stillframe inspect --all', milliseconds: ours },
    peer: { name: 'checkpointctl inspect --all', milliseconds: peer },
    ...(blind ? { note: 'the peer did not read the environment: this comparison does not count' } : {}),
  };
}

export async function searchContest(stage: Stage, archive: string, rounds: number): Promise<Contest> {
  const [ours, peer] = await inTurn(
    rounds,
    () =>
      timeOf(async () => {
        const { matches } = await stage.lab.stillframe.read<{ matches: unknown[] }>(['search', archive, NEEDLE]);
        if (matches.length === 0) throw new Error('the search found nothing');
      }),
    // grep ends with code 1, which is an error here, where it finds nothing.
    () => timeOf(() => execute(['env', 'LC_ALL=C', 'grep', '-c', '-F', NEEDLE, archive])),
  );
  return {
    title: 'search its memory, 256 MiB',
    ours: { name: 'stillframe search', milliseconds: ours },
    peer: { name: 'grep -c', milliseconds: peer },
    note: 'ours names process, address and mapping; grep only counts lines',
  };
}

export async function imageContest(stage: Stage, archive: string, rounds: number): Promise<Contest> {
  const layout = join(stage.lab.folder, 'bench', 'layout');
  const fresh = async () => await rm(layout, { recursive: true, force: true });
  const buildah = await working(findProgram('buildah', process.env));
  const [ours, peer] = await inTurn(
    rounds,
    async () => {
      await fresh();
      return timeOf(() => stage.lab.stillframe.read(['image', 'build', archive, `oci:${layout}:v1`]));
    },
    buildah === undefined
      ? undefined
      : async () => {
          await fresh();
          return timeOf(() => byBuildah(buildah, archive, layout, join(stage.lab.folder, 'bench')));
        },
  );
  return {
    title: 'archive to OCI layout, 256 MiB',
    ours: { name: 'stillframe image build', milliseconds: ours },
    peer: { name: 'buildah from, add, config, commit', milliseconds: peer },
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
