/** Archives of several times, so that their images differ. */
import { openCheckpoint, type WriterEntry, writeArchive } from '@stillframe/checkpoint';
import { readAll } from '@stillframe/core';
import { FIXTURE } from '../image/desk.fixture.ts';

const HOUR = 3_600_000;

/** An archive at `path`, checkpointed so many hours ago. */
export async function writeAged(path: string, hours: number, container = 'counter'): Promise<void> {
  await using whole = await openCheckpoint(FIXTURE);
  const { archive } = whole;
  const config = JSON.parse(Buffer.from(await readAll(archive.open('config.dump'), { limit: 1 << 20 })).toString());
  const checkpointedTime = new Date(Date.now() - hours * HOUR).toISOString();
  const text = JSON.stringify({ ...config, checkpointedTime });
  const spec = JSON.parse(Buffer.from(await readAll(archive.open('spec.dump'), { limit: 1 << 20 })).toString());
  spec.annotations['io.kubernetes.container.name'] = container;
  spec.annotations['io.kubernetes.cri-o.Metadata'] = JSON.stringify({ name: container });
  const made = new Map([
    ['config.dump', text],
    ['spec.dump', JSON.stringify(spec)],
  ]);
  const entries: WriterEntry[] = [...archive.entries.values()]
    .filter(({ kind }) => kind === 'file')
    .map(({ name }) => {
      const own = made.get(name);
      return { name, mode: 0o600, body: own === undefined ? archive.open(name) : new TextEncoder().encode(own) };
    });
  await writeArchive(path, entries, { mtime: 0 });
}
