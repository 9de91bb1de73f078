/** `CheckpointSchedule`: Checkpoints by the clock. */
import { flag, listOf, number, type Of, object, text, time } from './field.ts';
import { conditions, podName, selector, wishes } from './shared.ts';

export const scheduleSpec = object(
  'Whose checkpoints are made when.',
  {
    schedule: text('Minute, hour, day of month, month, day of week, as in crontab(5); or @hourly and the like.', {
      pattern: '^(@(hourly|daily|weekly|monthly|yearly|annually)|\\S+( \\S+){4})$',
      most: 128,
    }),
    template: object('What every Checkpoint of it says.', {}, wishes),
  },
  {
    timeZone: text('Name in the time zone database, as Europe/Berlin; UTC without it.', {
      pattern: '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$',
      most: 64,
    }),
    podName,
    selector,
    maxPods: number('So many pods at most in one run, the first by name.', 1, 500, 10),
    suspend: flag('No run begins while this is true.'),
    concurrencyPolicy: {
      schema: {
        type: 'string',
        enum: ['Forbid'],
        default: 'Forbid',
        description: 'A run does not begin while a Checkpoint of an earlier one is under way.',
      },
      read: () => 'Forbid' as const,
    },
    startingDeadlineSeconds: number('A run that is later than this is left out.', 10, 86_400, 300),
    successfulHistoryLimit: number('So many Checkpoints with an archive stay.', 0, 1000, 3),
    failedHistoryLimit: number('So many others stay.', 0, 1000, 1),
  },
  [{ rule: 'has(self.podName) != has(self.selector)', message: 'either podName or selector' }],
);
export type ScheduleSpec = Of<typeof scheduleSpec>;

export const scheduleStatus = object(
  'What it has done.',
  {},
  {
    conditions,
    observedGeneration: number('Generation that was seen last.', 0, Number.MAX_SAFE_INTEGER),
    lastScheduleTime: time('The last run that began.'),
    lastSkippedTime: time('The last run that was left out.'),
    nextScheduleTime: time('The next run.'),
    active: listOf('Checkpoints under way.', text('A name.', { most: 253 }), { most: 100 }),
  },
);
export type ScheduleStatus = Of<typeof scheduleStatus>;
