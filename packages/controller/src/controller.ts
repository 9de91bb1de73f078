/** The controller: stands for election, and serves while it is elected. */
import { openClusterApi } from '@stillframe/kubernetes';
import { attendCheckpoints } from './checkpoints/attend.ts';
import { leadWhenElected } from './leader/election.ts';
import type { LeaseName } from './leader/lease.ts';
import { attendSchedules } from './schedules/attend.ts';
import { Term, type TermOptions } from './term.ts';

export interface ControllerOptions extends Omit<TermOptions, 'outcomes'> {
  readonly lease: LeaseName;
  /** Told when it begins and ends to be the one that works. */
  readonly onLeading?: ((leads: boolean) => void) | undefined;
}

/** Works until `stop`; what is under way then is waited for. Throws what no controller can go on after. */
export async function runController(options: ControllerOptions, stop: AbortSignal): Promise<void> {
  const { access, clock, log, identity, lease, random, onLeading } = options;
  const election = { api: openClusterApi(access), lease, identity, clock, log, ...(random ? { random } : {}) };
  const outcomes: TermOptions['outcomes'] = new Map();
  await leadWhenElected(
    election,
    async (leadership) => {
      const term = new Term({ ...options, outcomes }, leadership);
      try {
        await Promise.all([attendCheckpoints(term), attendSchedules(term)]);
        onLeading?.(true);
        await term.serve(stop);
      } finally {
        onLeading?.(false);
        await term.end();
      }
    },
    stop,
  );
}
