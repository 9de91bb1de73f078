/** When a schedule is due, in its time zone. */

import { messageOf } from '@stillframe/core';
import { Cron } from 'croner';
import type { ScheduleSpec } from '../resources/schedule.ts';

export interface Runs {
  /** The newest run after `since` and until `now`, in milliseconds; undefined where there was none. */
  last(since: number, now: number): number | undefined;
  /** The next one; undefined for a schedule that never comes again. */
  next(now: number): number | undefined;
}

const ALIASES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/** The text says why it is no schedule. */
export function runsOf({ schedule, timeZone }: Pick<ScheduleSpec, 'schedule' | 'timeZone'>): Runs | string {
  try {
    const cron = new Cron(ALIASES[schedule] ?? schedule, { timezone: timeZone ?? 'UTC', mode: '5-part', paused: true });
    cron.nextRun(new Date(0));
    return {
      last: (since, now) => {
        // The millisecond after, since only what lies before it is answered.
        const found = cron.previousRuns(1, new Date(now + 1))[0]?.getTime();
        return found !== undefined && found > since && found <= now ? found : undefined;
      },
      next: (now) => cron.nextRun(new Date(now))?.getTime(),
    };
  } catch (error) {
    return messageOf(error);
  }
}
