/** When a collector looks: at a change, when something is due, and again after a folder could not be read. */
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { atCollectDesk, type CollectDesk } from './desk.fixture.ts';
import { CollectorFigures } from './figures.ts';
import { collectOnce, collectUntilEnded } from './loop.ts';

/** Collects meanwhile, with an interval that no test waits for. */
async function whileCollecting(desk: CollectDesk, use: () => Promise<void>): Promise<void> {
  const ending = new AbortController();
  const figures = new CollectorFigures();
  const logger = {
    log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) =>
      void desk.log.push({ level, message, fields: {} }),
  };
  const options = { folder: desk.folder, interval: 3600_000, figures, logger, signal: ending.signal };
  const collecting = collectUntilEnded(desk.collector({ figures, signal: ending.signal }), options);
  try {
    await use();
  } finally {
    ending.abort();
    await collecting;
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); await delay(20)) assert.ok(Date.now() < end, 'not within 20 s');
}

describe('a collector that runs', () => {
  it('sees an archive that comes, long before it would look by itself', () =>
    atCollectDesk((desk) =>
      whileCollecting(desk, async () => {
        await delay(100);
        const name = await desk.archive('web');
        await until(() => desk.destination.placed.has(name));
      }),
    ));

  it('tries again what failed, when it is due', () =>
    atCollectDesk(async (desk) => {
      const name = await desk.archive('web');
      desk.destination.meddle = () => {
        if (desk.destination.tries < 2) throw new Error('not yet');
      };
      await whileCollecting(desk, () => until(() => desk.destination.placed.has(name)));
      assert.equal(desk.destination.tries, 2);
    }));

  it('waits for a folder that is not there', () =>
    atCollectDesk(async (desk) => {
      const name = await desk.archive('web');
      await rename(desk.folder, `${desk.folder}-away`);
      await whileCollecting(desk, async () => {
        await until(() => desk.log.some(({ message }) => message === 'the folder cannot be looked at'));
        await rename(`${desk.folder}-away`, desk.folder);
        await until(() => desk.destination.placed.has(name));
      });
    }));
});

it('once waits for what is too fresh at first', () =>
  atCollectDesk(async (desk) => {
    await desk.archive('old', 2);
    const { signal } = new AbortController();
    assert.equal((await collectOnce(desk.collector(), 0, signal)).placed, 1);
    // Its last change lies an hour back, so it is fresh for as long as that and two seconds more.
    await desk.archive('fresh');
    const settle = 3600_000 + 2000;
    assert.equal((await collectOnce(desk.collector({ settle }), 2500, signal)).placed, 1);
  }));
