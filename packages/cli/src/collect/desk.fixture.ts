/** A kubelet's folder with a collector over it, in this process, and a destination that can fail. */
import { copyFile, readdir, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest, LogFields, LogLevel } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { archiveName } from '@stillframe/kubelet/names';
import { FIXTURE } from '../image/desk.fixture.ts';
import { Collector, type CollectorOptions } from './collector.ts';
import type { Destination } from './destination.ts';
import { CollectorFigures } from './figures.ts';
import { StateFolder } from './state-folder.ts';

/** Remembers what is put into it. */
class FakeDestination implements Destination {
  readonly text: string = 'fake';
  readonly placed = new Map<string, { digest: Digest; evidence: string }>();
  /** How many findings were put beside an archive. */
  readonly found = new Map<string, number>();
  /** How often an archive was sent, also where that failed. */
  tries = 0;
  /** Called before anything is put there. */
  meddle: (name: string) => Promise<void> | void = () => undefined;

  async place({ name, digest, evidence }: Parameters<Destination['place']>[0]) {
    this.tries += 1;
    await this.meddle(name);
    this.placed.set(name, { digest, evidence: new TextDecoder().decode(evidence.bytes) });
    return { destination: this.text, reference: `fake/${name}`, at: new Date().toISOString() };
  }

  async placeFindings({ name }: { name: string }, { count }: { count: number }) {
    this.found.set(name, count);
  }

  async holds({ name, digest }: { name: string; digest: Digest }) {
    return this.placed.get(name)?.digest === digest;
  }
}

export interface CollectDesk {
  readonly folder: string;
  readonly state: StateFolder;
  readonly destination: FakeDestination;
  readonly log: { level: LogLevel; message: string; fields: LogFields }[];
  at(name: string): string;
  /** A whole archive that was last changed an hour ago; its name. */
  archive(pod: string, hours?: number): Promise<string>;
  names(): Promise<string[]>;
  collector(more?: Partial<CollectorOptions>): Collector;
}

export async function atCollectDesk(use: (desk: CollectDesk) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir(), 'kubelet');
  await using own = await openTemporaryFolder(tmpdir(), 'state');
  const signal = new AbortController().signal;
  await using state = await StateFolder.open(own.path, { signal, lost: () => undefined });
  const destination = new FakeDestination();
  const log: CollectDesk['log'] = [];
  const at = (name: string) => join(folder.path, name);
  const desk: CollectDesk = {
    ...{ folder: folder.path, state, destination, log, at },
    async archive(pod, hours = 1) {
      const time = new Date(Date.now() - hours * 3600_000);
      const name = archiveName({ kubeNamespace: 'default', pod, container: 'counter' }, time);
      await copyFile(FIXTURE, at(name));
      await makeOld(at(name));
      return name;
    },
    names: async () => (await readdir(folder.path)).sort(),
    collector: (more = {}) =>
      new Collector({
        ...{ folder: folder.path, state, destination, settle: 0, user: 'tester', node: 'node-1' },
        ...{ key: undefined, retention: undefined, figures: new CollectorFigures(), signal },
        note: async () => undefined,
        judge: undefined,
        reporter: undefined,
        logger: { log: (level, message, fields = {}) => void log.push({ level, message, fields }) },
        ...more,
      }),
  };
  await use(desk);
}

/** As if nobody had written to it for an hour; keeps the part of a millisecond that a filesystem has. */
export async function makeOld(path: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  const time = new Date(mtimeMs - 3600_000);
  await utimes(path, time, time);
}
