/** The controller: stands for election, and serves while it is elected. */
import { openClusterApi } from '@stillframe/kubernetes';
import { attendCheckpoints } from './checkpoints/attend.ts';
import { leadWhenElected } from './leader/election.ts';
import type { LeaseName } from './leader/lease.ts';
import { type AlertEnd, attendPolicies } from './policies/attend.ts';
import type { FalcoAlert } from './policies/falco.ts';
import { attendSchedules } from './schedules/attend.ts';
import { Term, type TermOptions } from './term.ts';

/** Throws what the API server says: who sent the alert must know that nothing came of it. */
export type TakeAlert = (alert: FalcoAlert) => Promise<AlertEnd>;

export interface ControllerOptions extends Omit<TermOptions, 'outcomes'> {
  readonly lease: LeaseName;
  /** Told when it begins to be the one that works, with whom to give alerts to, and with nothing when that ends. */
  readonly onLeading?: ((alert: TakeAlert | undefined) => void) | undefined;
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
        const attending = Promise.all([attendPolicies(term), attendCheckpoints(term), attendSchedules(term)]);
        // Lists that cannot be read must not keep it from ending.
        const [policies] = (await Promise.race([attending, ended(stop)])) ?? [];
        if (policies) onLeading?.((alert) => policies.alert(alert, leadership.signal));
        await term.serve(stop);
      } finally {
        onLeading?.(undefined);
        await term.end();
      }
    },
    stop,
  );
}

async function ended(stop: AbortSignal): Promise<undefined> {
  if (stop.aborted) return;
  await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
}
