/** Checkpoints of a container that changes one page in twenty between them, in a chain store and its registry. */
import assert from 'node:assert/strict';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extractArchive, findCheckpointImage } from '@stillframe/checkpoint';
import { execute } from '@stillframe/demo/stage';
import { copyImage, Layout, RegistryClient } from '@stillframe/oci';
import type { CriLab } from './lab.ts';
import { waitForLine } from './log-lines.ts';

const PROGRAM = fileURLToPath(new URL('programs/rewriter.c', import.meta.url));

/** What a chain of checkpoints took. Bytes. */
export interface ChainFigures {
  /** Of each archive. */
  archives: number[];
  /** That the store took after each. */
  store: number[];
  /** That each push sent. */
  sent: number[];
  /** Milliseconds of each append. */
  appended: number[];
  /** Digest of each archive. */
  digests: string[];
}

export interface ChainPlace {
  layout: string;
  /** The mount that a copy needs too, as the command line writes it. */
  mount: string;
}

/** Makes `count` checkpoints of a container with `megabytes` (MiB) of memory; archives are removed once appended. */
export async function makeChain(
  lab: CriLab,
  { megabytes, count }: { megabytes: number; count: number },
): Promise<ChainFigures & ChainPlace> {
  const program = join(lab.folder, 'rewriter');
  await execute(['gcc', '-O2', '-static', '-o', program, PROGRAM]);
  const mount = `${program}:/rewriter:ro`;
  const { stdout } = await lab.stillframe.atNode(
    ['run', 'default/chained/rewriter', '--output', 'json'],
    ['--image', lab.image, '--mount', mount, '--', '/rewriter', String(megabytes)],
  );
  const { logPath, containerID } = JSON.parse(stdout) as { logPath: string; containerID: string };
  const layout = join(lab.folder, 'chain');
  await using client = new RegistryClient(lab.registry);
  const figures: ChainFigures = { archives: [], store: [], sent: [], appended: [], digests: [] };
  for (let round = 0; round < count; round += 1) {
    if (round > 0) await nextRound(lab, containerID);
    await waitForRound(logPath, round);
    const { archive } = await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/chained/rewriter']);
    const from = performance.now();
    const appended = await lab.stillframe.read<{ archive: { digest: string; size: number } }>([
      ...['image', 'append', archive, `oci:${layout}:c${round}`],
    ]);
    figures.appended.push(performance.now() - from);
    figures.archives.push(appended.archive.size);
    figures.digests.push(appended.archive.digest);
    figures.store.push(await sizeOf(layout));
    figures.sent.push(await push(layout, client, `c${round}`));
    await rm(archive);
  }
  return { ...figures, layout, mount };
}

/** Checkpoint `round` gives the archive that was captured, byte for byte, and reads as it. */
export async function isItself(lab: CriLab, chain: ChainFigures & ChainPlace, round: number): Promise<void> {
  const layout = await Layout.open(chain.layout);
  const out = join(lab.folder, `c${round}.tar`);
  const { digest } = await extractArchive(layout, await layout.resolve(`c${round}`), out);
  await rm(out);
  assert.equal(digest, chain.digests[round]);
  const image = await findCheckpointImage(layout, `c${round}`);
  assert.equal(image?.facts.recordedDigest, digest, 'the archive is what its evidence recorded');
  const inspected = await lab.stillframe.read(['inspect', `oci:${chain.layout}:c${round}`]);
  assert.match(JSON.stringify(inspected), /rewriter/);
}

/** A copy restored from `what` is in the round of its checkpoint and goes on to the next. */
export async function goesOn(
  lab: CriLab,
  { mount }: ChainPlace,
  { what, round }: { what: string; round: number },
): Promise<void> {
  const { restored } = await lab.stillframe.json<{
    restored: { sandboxID: string; containerID: string; logPath: string }[];
  }>(['restore', what], ['--mount', mount]);
  const [copy] = restored;
  assert.ok(copy);
  await nextRound(lab, copy.containerID);
  await waitForRound(copy.logPath, round + 1);
  await lab.cri.runtime.removePodSandbox({ podSandboxId: copy.sandboxID });
}

/** Asks the program for its next round. */
async function nextRound(lab: CriLab, containerId: string): Promise<void> {
  const { exitCode } = await lab.cri.runtime.execSync({ containerId, cmd: ['sh', '-c', 'kill -USR1 1'], timeout: 30n });
  assert.equal(exitCode, 0);
}

/** Waits, for two minutes at most, until the program has told that it is done with a round. */
function waitForRound(log: string, round: number): Promise<void> {
  return waitForLine(log, `round ${round}`, 120);
}

async function push(path: string, client: RegistryClient, tag: string): Promise<number> {
  const layout = await Layout.open(path);
  let sent = 0;
  await copyImage(layout, client.repository('chained/rewriter'), await layout.resolve(tag), {
    tag,
    onProgress: ({ descriptor, state }) => {
      if (state === 'copied') sent += descriptor.size;
    },
  });
  return sent;
}

async function sizeOf(layout: string): Promise<number> {
  const folder = join(layout, 'blobs', 'sha256');
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
