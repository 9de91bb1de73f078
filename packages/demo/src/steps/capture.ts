/** The checkpoint itself, taken as the Kubernetes documentation takes it, and what is in it. */
import { copyFile, stat } from 'node:fs/promises';
import { bytesText, millisecondsText } from '@stillframe/core';
import { numbersIn, numbersOf, SECRET, waitForNumbers } from '../counter.ts';
import { made, type Step } from '../step.ts';
import { execute } from '../stillframe.ts';

export const checkpointStep: Step = {
  id: 'checkpoint',
  title: 'Checkpoint it with curl, as with a kubelet',
  async run(story) {
    const { kubelet, clientCertificate, clientKey } = made(story.endpoints, 'node');
    const url = `${kubelet}/checkpoint/default/counters/counter`;
    const from = performance.now();
    const { stdout } = await execute(
      [
        'curl',
        '--silent',
        '--show-error',
        '--fail-with-body',
        '-X',
        'POST',
        url,
        '--insecure',
        '--cert',
        clientCertificate,
        '--key',
        clientKey,
      ],
      story.signal,
    );
    story.figures['requestMilliseconds'] = Math.round(performance.now() - from);
    const archive = made((JSON.parse(stdout) as { items: string[] }).items[0], 'archive');
    story.archive = archive;
    const { size } = await stat(archive);
    story.figures['archiveBytes'] = size;
    if (story.sample !== undefined) await copyFile(archive, story.sample);
    return `${stdout}`;
  },
};

export const inspectStep: Step = {
  id: 'inspect',
  title: 'Inspect it without unpacking',
  async run(story) {
    const archive = made(story.archive, 'archive');
    const found = await story.stillframe.read<InspectionJson>(['inspect', archive], story.signal);
    const [shell] = found.processes;
    if (found.engine.name !== 'stillframe' || found.container.name !== 'counter' || shell?.comm !== 'sh') {
      throw new Error(
        `inspect says ${JSON.stringify({ engine: found.engine, container: found.container, comm: shell?.comm })}`,
      );
    }
    const log = await execute(
      ['tar', '--extract', '--to-stdout', '--file', archive, 'io.kubernetes.cri-o.LogPath'],
      story.signal,
    );
    story.frozenAt = made(numbersOf(log.stdout).at(-1), 'a number in the captured log');
    story.figures['counterAtCheckpoint'] = story.frozenAt;
    if (found.recorded) {
      story.figures['truePauseMicroseconds'] = found.recorded.truePause;
      story.figures['sha256'] = found.recorded.digest.replace('sha256:', '');
    }
    story.figures['frozenMicroseconds'] = found.statistics?.frozenTime ?? 0;
    const files = found.processes.reduce((sum, process) => sum + process.files.length, 0);
    return `container ${found.container.name}, ${found.processes.length} processes, ${files} open files, frozen at ${story.frozenAt}`;
  },
};

export interface InspectionJson {
  engine: { name?: string };
  container: { name?: string };
  processes: { pid: number; comm?: string; files: unknown[] }[];
  statistics?: { frozenTime: number };
  recorded?: { truePause: number; digest: string };
}

export const searchStep: Step = {
  id: 'search',
  title: 'Find the secret in its memory',
  async run(story) {
    const archive = made(story.archive, 'archive');
    const from = performance.now();
    const { matches } = await story.stillframe.read<{
      matches: { pid: number; comm: string; address: string; mapping: string }[];
    }>(['search', archive, SECRET], story.signal);
    story.figures['searchMilliseconds'] = Math.round(performance.now() - from);
    const [match] = matches;
    if (!match) throw new Error('the secret was not found in the memory of the checkpoint');
    story.figures['secretAddress'] = match.address;
    return `"${SECRET}" in ${match.comm} (pid ${match.pid}) at ${match.address}, ${match.mapping}`;
  },
};

export const originalStep: Step = {
  id: 'original',
  title: 'See that the original went on',
  async run(story) {
    const log = made(story.originalLog, 'pod');
    const before = await numbersIn(log);
    const numbers = await waitForNumbers(log, before.length, 2, story.signal);
    const wrong = numbers.findIndex((n, i) => n !== i + 1);
    if (wrong >= 0) throw new Error(`the original's number ${wrong + 1} is ${numbers[wrong]}`);
    return `1 to ${numbers.at(-1)}, none skipped, none twice; it stood still for ${millisecondsText(Number(story.figures['truePauseMicroseconds']) / 1000)}, the archive is ${bytesText(Number(story.figures['archiveBytes']))}`;
  },
};
