/** What goes from the folder: only what is where it belongs, and is asked for there once more. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { RetentionPolicy } from '@stillframe/checkpoint';
import { atCollectDesk, type CollectDesk } from './desk.fixture.ts';
import { CollectorFigures } from './figures.ts';
import { LocalRetention } from './retention.ts';

function collecting(desk: CollectDesk, policy?: RetentionPolicy) {
  const { folder, state, destination, log } = desk;
  const shared = { folder, state, destination, figures: new CollectorFigures(), signal: new AbortController().signal };
  const logger = {
    log: (level: CollectDesk['log'][number]['level'], message: string, fields = {}) =>
      void log.push({ level, message, fields }),
  };
  return desk.collector({ retention: new LocalRetention({ ...shared, policy, logger }), figures: shared.figures });
}

describe('removal of what is pushed', () => {
  it('leaves what is not, and what is pinned', () =>
    atCollectDesk(async (desk) => {
      const [gone, pinned, failing] = [
        await desk.archive('a', 3),
        await desk.archive('b', 2),
        await desk.archive('c', 1),
      ];
      await writeFile(desk.at(`${pinned}.keep`), '');
      desk.destination.meddle = (name) => {
        if (name === failing) throw new Error('not this one');
      };
      await collecting(desk).look();
      assert.deepEqual(await desk.names(), [pinned, `${pinned}.keep`, failing].sort());
      assert.ok(desk.destination.placed.has(gone));
    }));

  it('by rules counts what is not pushed, and never takes it', () =>
    atCollectDesk(async (desk) => {
      const names = [];
      for (const hours of [4, 3, 2, 1]) names.push(await desk.archive('web', hours));
      const [oldest, older, newer, newest] = names;
      desk.destination.meddle = (name) => {
        if (name === oldest || name === newest) throw new Error('not this one');
      };
      await collecting(desk, { rules: [{ per: 'container', keep: 3 }] }).look();
      assert.deepEqual(await desk.names(), [oldest, newer, newest].sort());
      assert.ok(desk.destination.placed.has(older ?? ''));
    }));

  it('pushes again what is not where it was put', () =>
    atCollectDesk(async (desk) => {
      const name = await desk.archive('web');
      await desk.collector().look();
      desk.destination.placed.clear();
      const collector = collecting(desk);
      await collector.look();
      assert.deepEqual(await desk.names(), [name]);
      assert.ok(desk.log.some(({ level, message }) => level === 'error' && message.includes('pushed again')));
      await collector.look();
      assert.ok(desk.destination.placed.has(name));
      assert.deepEqual(await desk.names(), []);
    }));
});
