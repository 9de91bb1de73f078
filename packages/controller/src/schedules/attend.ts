/** Schedules of the cluster, followed and worked on. */
import { Store } from '../cache/store.ts';
import { isOver } from '../ports.ts';
import { listPath } from '../resources/names.ts';
import { decodeSchedule, type Schedule } from '../resources/object.ts';
import type { Term } from '../term.ts';
import { ScheduleWorker } from './worker.ts';

const WORKERS = 2;

export async function attendSchedules(term: Term): Promise<void> {
  const schedules = new Store<Schedule>();
  const worker = new ScheduleWorker(term.ports, schedules);
  const queue = term.attend(
    WORKERS,
    (key, signal) => worker.work(key, signal),
    () => schedules.keys(),
  );
  schedules.listen((key) => queue.add(key));
  // The next run may wait for the end of an earlier one, and each end makes the history longer.
  term.ports.checkpoints.listen((_key, now, before) => {
    const schedule = now?.labels['schedule'];
    if (now && schedule !== undefined && isOver(now) && !(before && isOver(before))) {
      queue.add(`${now.kubeNamespace}/${schedule}`);
    }
  });
  await term.follow(listPath('checkpointschedules', term.kubeNamespace), schedules, decodeSchedule);
}
