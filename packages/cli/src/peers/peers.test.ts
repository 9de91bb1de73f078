/** What `inspect` tells of the fixtures, held against what other tools were seen to tell of them (fixtures/peers). */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, readProcesses, type Texts } from '@stillframe/checkpoint';
import type { BriefTarget } from '../inspect/brief-target.ts';
import { type Inspection, inspect, type ProcessView } from '../inspect/model.ts';

const ARCHIVES = ['crio-counter', 'containerd-counter', 'podman-counter', 'podman-redis'];

/** A file as both peers name it; `cwd` and `root` stand among the files. */
interface FileFact {
  fd: string;
  path: string;
}

interface CheckpointctlFacts {
  container: { name: string; id: string; runtime: string; engine: string };
  statistics: Record<string, number>;
  processes: {
    pid: number;
    ppid: number;
    command: string;
    /** Absent where checkpointctl cannot read the memory (CRIU 4.2). Each argument is followed by a space. */
    cmdline?: string;
    environment?: Record<string, string>;
    files: FileFact[];
    sockets: { protocol: string; state: string; src: string; src_port: number; dst: string; dst_port: number }[];
  }[];
}

interface CritFacts {
  processes: {
    pid: number;
    ppid: number;
    pgid: number;
    sid: number;
    comm: string;
    exe: string;
    files: FileFact[];
    /** Memory as it is, NULs and all; absent where crit 4.2 cannot read it (CRIU 4.1). */
    arguments?: string;
    environment?: string;
  }[];
}

for (const archive of ARCHIVES) {
  test(`${archive} reads as checkpointctl reads it`, async () => {
    const peer = await facts<CheckpointctlFacts>(`${archive}.checkpointctl`);
    const ours = await inspectFixture(archive);
    const { container, engine, ociRuntime, processes } = ours;
    assert.deepEqual(
      [container.name, container.id, ociRuntime, engine.name],
      [peer.container.name, peer.container.id, peer.container.runtime, peer.container.engine.toLowerCase()],
    );
    assert.deepEqual(statisticsFacts(ours), peer.statistics);
    assert.deepEqual(
      processes.map((process) => ({
        pid: process.pid,
        ppid: process.ppid,
        command: process.comm,
        files: files(process, (fd, kind) => `${kind} ${fd}`),
        sockets: process.files.flatMap(({ target }) => socketFacts(target)),
      })),
      peer.processes.map(({ cmdline: _cmdline, environment: _environment, files: named, ...rest }) => ({
        ...rest,
        files: named.map(withoutId),
      })),
    );
    for (const [i, { cmdline, environment }] of peer.processes.entries()) {
      if (cmdline === undefined) continue;
      const process = processes[i];
      assert.equal(
        values(process?.arguments)
          .map((argument) => `${argument} `)
          .join(''),
        cmdline,
      );
      assert.deepEqual(Object.fromEntries(values(process?.environment).map(variable)), environment);
    }
  });

  test(`${archive} reads as crit reads it`, async () => {
    const peer = await facts<CritFacts>(`${archive}.crit`);
    const { processes } = await inspectFixture(archive);
    assert.deepEqual(
      processes.map((process) => ({
        pid: process.pid,
        ppid: process.ppid,
        pgid: process.pgid,
        sid: process.sid,
        comm: process.comm,
        exe: process.executable,
        files: files(process, (fd) => String(fd)),
      })),
      peer.processes.map(({ arguments: _arguments, environment: _environment, files: named, ...rest }) => ({
        ...rest,
        files: named.map(withoutId),
      })),
    );
    for (const [i, memory] of peer.processes.entries()) {
      if (memory.arguments === undefined || memory.environment === undefined) continue;
      assert.deepEqual(values(processes[i]?.arguments), textsOf(memory.arguments));
      assert.deepEqual(values(processes[i]?.environment), textsOf(memory.environment));
    }
  });
}

test('each archive has one peer at least that read its arguments and environment', async () => {
  for (const archive of ARCHIVES) {
    const { processes: first } = await facts<CheckpointctlFacts>(`${archive}.checkpointctl`);
    const { processes: second } = await facts<CritFacts>(`${archive}.crit`);
    const readByOne = first.every(({ cmdline }) => cmdline !== undefined);
    assert.ok(readByOne || second.every((process) => process.arguments !== undefined), archive);
  }
});

async function facts<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(new URL(`../../fixtures/peers/${name}.json`, import.meta.url), 'utf8')) as T;
}

async function inspectFixture(archive: string): Promise<Inspection> {
  const path = fileURLToPath(new URL(`../../../checkpoint/fixtures/${archive}.tar`, import.meta.url));
  await using checkpoint = await openCheckpoint(path);
  return await inspect(checkpoint, {
    processes: await readProcesses(checkpoint.images),
    capture: { recorded: undefined, digest: 'none', diagnostics: [] },
    secrets: true,
    surroundings: 'none',
    report: () => undefined,
    signal: new AbortController().signal,
  });
}

/** The names of statistics that checkpointctl prints; it leaves out what is 0. */
function statisticsFacts({ statistics }: Inspection): Record<string, number> {
  const named = {
    freezing_time: statistics?.freezingTime,
    frozen_time: statistics?.frozenTime,
    memdump_time: statistics?.memoryDumpTime,
    memwrite_time: statistics?.memoryWriteTime,
    pages_scanned: statistics?.pagesScanned,
    pages_written: statistics?.pagesWritten,
  };
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, Number(value)]));
}

/** Our files in the peers' words, with working folder and root behind them. */
function files(process: ProcessView, label: (fd: number, kind: string) => string): FileFact[] {
  return [
    ...process.files.map(({ fd, target }) => {
      const [kind, path] = words(target);
      return { fd: label(fd, kind), path };
    }),
    { fd: 'cwd', path: process.workingFolder ?? '' },
    { fd: 'root', path: process.root ?? '' },
  ];
}

/** Kind and name that both peers print for what the fixtures hold open. */
function words(target: BriefTarget): [kind: string, path: string] {
  if (target.type === 'file') return ['REG', target.path];
  if (target.type === 'pipe') return ['PIPE', `pipe[${target.pipeId}]`];
  if (target.type === 'epoll') return ['EVENTPOLL', 'EVENTPOLL'];
  if (target.type === 'inet-socket') return ['INETSK', 'INETSK'];
  throw new Error(`the fixtures hold no ${target.type}`);
}

/** The peers number what they have no name for by CRIU's file id, which `inspect` does not show. */
function withoutId({ fd, path }: FileFact): FileFact {
  return { fd, path: path.replace(/^(EVENTPOLL|INETSK)\.\d+$/, '$1') };
}

function socketFacts(target: BriefTarget): CheckpointctlFacts['processes'][number]['sockets'] {
  if (target.type !== 'inet-socket') return [];
  const { local, remote } = target;
  return [
    {
      protocol: target.protocol.toUpperCase(),
      state: target.state.toUpperCase(),
      src: local.address,
      src_port: local.port,
      dst: remote.address,
      dst_port: remote.port,
    },
  ];
}

function values(texts: Texts | undefined): readonly string[] {
  assert.ok(texts?.state === 'present' && !texts.partial);
  return texts.values;
}

/** A title that was rewritten leaves NULs behind it; they are no arguments. */
function textsOf(memory: string): string[] {
  const text = memory.replace(/\0+$/, '');
  return text === '' ? [] : text.split('\0');
}

function variable(text: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  return [text.slice(0, equals), text.slice(equals + 1)];
}
