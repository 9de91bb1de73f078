/** Reads and judges archives that the run asks for by seed, in a process that may hang, swell or die alone. */
import { openCheckpoint } from '@stillframe/checkpoint';
import { bytesSource } from '@stillframe/core';
import { archiveOf, JUDGED, soundOf } from './archives.ts';
import { judgeEverything } from './forensic-subject.ts';
import { type Outcome, readEverything } from './subject.ts';

/** Every so many seeds the whole engine has an archive: it takes ten times as long as the views. */
export const JUDGED_EVERY = 4;

async function outcomeOf(seed: number): Promise<Outcome> {
  return seed % JUDGED_EVERY === 0 ? judgeSeed(seed) : readEverything((await archiveOf(seed)).archive);
}

/** The engine over the archive of a seed, compared with the one that it was made of. */
export async function judgeSeed(seed: number): Promise<Outcome> {
  const { name, archive } = await archiveOf(seed, JUDGED);
  await using sound = await openCheckpoint(bytesSource(await soundOf(name)));
  return judgeEverything(archive, sound);
}

if (process.send) {
  process.on('message', (seed: number) => {
    outcomeOf(seed).then(
      (outcome) => process.send?.({ seed, ...outcome, rss: process.memoryUsage.rss() }),
      (error: unknown) => process.send?.({ seed, defect: error instanceof Error ? error.stack : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
}
