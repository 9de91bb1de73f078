/**
 * One look at one schedule: the run that is due, made. Checkpoints of a run are named by its minute, so that a run which was begun and
 * not noted is not made twice.
 */
import { at, isCode, isObject, type JsonObject, listAt, textAt } from '@stillframe/core';
import { apiPath, selects } from '@stillframe/kubernetes';
import type { Store } from '../cache/store.ts';
import { makeCheckpoint, shortDigest } from '../checkpoints/make.ts';
import { heldBy } from '../checkpoints/retention.ts';
import { timeText } from '../clock.ts';
import { isOver, type Ports } from '../ports.ts';
import { sameJson } from '../resources/canonical.ts';
import { type Fact, withFact } from '../resources/conditions.ts';
import { objectPath } from '../resources/names.ts';
import type { Schedule } from '../resources/object.ts';
import type { ScheduleStatus } from '../resources/schedule.ts';
import { runsOf } from './runs.ts';

/** Milliseconds after which a run that waits for an earlier one looks again by itself. */
const AGAIN = 30_000;
const DEADLINE = 300;
/** Names of Checkpoints under way that are shown. */
const MOST_ACTIVE = 100;
const MOST_PODS = 10;

export class ScheduleWorker {
  readonly #ports: Ports;
  readonly #schedules: Store<Schedule>;

  constructor(ports: Ports, schedules: Store<Schedule>) {
    this.#ports = ports;
    this.#schedules = schedules;
  }

  /** Milliseconds until it is to be looked at again. */
  async work(key: string, signal: AbortSignal): Promise<number | undefined> {
    const schedule = this.#schedules.get(key);
    if (!schedule || schedule.deleting) return undefined;
    if (schedule.fault !== undefined) return await this.#refuse(schedule, 'NotReadable', schedule.fault, signal);
    const runs = runsOf(schedule.spec);
    if (typeof runs === 'string') return await this.#refuse(schedule, 'InvalidSchedule', runs, signal);
    await this.#trim(schedule, signal);
    const now = this.#ports.clock.now();
    if (schedule.spec.suspend === true) {
      await this.#write(schedule, { nextScheduleTime: null }, fact('False', 'Suspended', 'no run begins'), signal);
      return undefined;
    }
    const due = runs.last(this.#since(schedule), now);
    const next = runs.next(now);
    const wait = next === undefined ? undefined : Math.max(1000, next - now);
    const planned = { nextScheduleTime: next === undefined ? null : timeText(next) };
    if (due === undefined) {
      await this.#write(schedule, planned, fact('True', 'Scheduled', 'the next run is made when it is due'), signal);
      return wait;
    }
    const isLate = now - due > (schedule.spec.startingDeadlineSeconds ?? DEADLINE) * 1000;
    const busy = this.#active(schedule);
    if (!isLate && busy.length > 0) return Math.min(AGAIN, wait ?? AGAIN);
    if (isLate) {
      const why = busy.length > 0 ? 'an earlier one was under way' : 'nobody was there to make it in time';
      await this.#write(schedule, { ...planned, lastSkippedTime: timeText(due) }, undefined, signal);
      await this.#tell(schedule, 'Warning', 'RunSkipped', `the run of ${timeText(due)} was left out: ${why}`, signal);
      return wait;
    }
    const made = await this.#run(schedule, due, signal);
    const change = { ...planned, lastScheduleTime: timeText(due), active: this.#active(schedule) };
    await this.#write(
      schedule,
      change,
      fact('True', 'Scheduled', `the run of ${timeText(due)} is of ${made} pods`),
      signal,
    );
    return wait;
  }

  #since({ created, status }: Schedule): number {
    const times = [status.lastScheduleTime, status.lastSkippedTime].map((each) =>
      each === undefined ? 0 : Date.parse(each),
    );
    return Math.max(created, ...times);
  }

  #active({ key }: Schedule): readonly string[] {
    const under = this.#ports.checkpoints.group('schedule', key).filter((each) => !isOver(each) && !each.deleting);
    return under.map(({ name }) => name).slice(0, MOST_ACTIVE);
  }

  /** Of how many pods a run is. */
  async #run(schedule: Schedule, due: number, signal: AbortSignal): Promise<number> {
    const { spec, name, kubeNamespace } = schedule;
    const minute = Math.floor(due / 60_000).toString(36);
    const pods: { podName: string; podUID: string | undefined; suffix: string }[] =
      spec.podName === undefined
        ? (await this.#podsOf(schedule, signal)).map((pod) => ({
            podName: textAt(pod, 'metadata', 'name'),
            podUID: textAt(pod, 'metadata', 'uid'),
            suffix: `-${shortDigest(textAt(pod, 'metadata', 'uid'), 8)}`,
          }))
        : [{ podName: spec.podName, podUID: undefined, suffix: '' }];
    for (const { suffix, ...pod } of pods) {
      const wanted = {
        ...{ kubeNamespace, ...pod, container: spec.template.container, template: spec.template },
        name: `${name}-${minute}${suffix}`,
        labels: { schedule: name },
        reason: `CheckpointSchedule ${name}, run of ${timeText(due)}`,
      };
      await makeCheckpoint(this.#ports, wanted, signal);
    }
    if (pods.length === 0) await this.#tell(schedule, 'Warning', 'NoPods', 'no running pod has these labels', signal);
    return pods.length;
  }

  async #podsOf({ spec, kubeNamespace }: Schedule, signal: AbortSignal): Promise<readonly JsonObject[]> {
    const path = apiPath('api', 'v1', 'namespaces', kubeNamespace, 'pods');
    const found = await this.#ports.api.list(path, labelQuery(spec.selector), { signal });
    const running = found.filter(
      (pod): pod is JsonObject =>
        isObject(pod) &&
        textAt(pod, 'status', 'phase') === 'Running' &&
        at(pod, 'metadata', 'deletionTimestamp') === undefined &&
        selects(spec.selector, at(pod, 'metadata', 'labels')),
    );
    const name = (pod: JsonObject) => textAt(pod, 'metadata', 'name');
    return running.sort((a, b) => (name(a) < name(b) ? -1 : 1)).slice(0, spec.maxPods ?? MOST_PODS);
  }

  /** Takes away what is beyond the limits of the history, but for what retention would keep. */
  async #trim({ key, spec }: Schedule, signal: AbortSignal): Promise<void> {
    const over = this.#ports.checkpoints
      .group('schedule', key)
      .filter((each) => isOver(each) && !each.deleting)
      .sort((a, b) => b.created - a.created || (a.name < b.name ? 1 : -1));
    const [good, bad] = [true, false].map((isGood) =>
      over.filter(({ status }) => (status.phase === 'Captured') === isGood),
    );
    const gone = [
      ...(good ?? []).slice(spec.successfulHistoryLimit ?? 3),
      ...(bad ?? []).slice(spec.failedHistoryLimit ?? 1),
    ];
    for (const each of gone.filter((one) => heldBy(one) === undefined)) {
      await this.#ports.api.remove(objectPath('checkpoints', each), { uid: each.uid, signal });
    }
  }

  async #refuse(schedule: Schedule, reason: string, message: string, signal: AbortSignal): Promise<undefined> {
    await this.#tell(schedule, 'Warning', reason, message, signal);
    if (schedule.fault === undefined) await this.#write(schedule, {}, fact('False', reason, message), signal);
  }

  /** Only where something of it is new. */
  async #write(schedule: Schedule, change: StatusChange, said: Fact | undefined, signal: AbortSignal): Promise<void> {
    const { status, generation, uid, resourceVersion } = schedule;
    const when = { now: this.#ports.clock.now(), generation };
    const conditions = said ? withFact(status.conditions, said, when) : (status.conditions ?? []);
    const fresh = { ...change, conditions, observedGeneration: generation };
    const isKnown = Object.entries(fresh).every(([name, value]) =>
      sameJson(value ?? undefined, status[name as keyof ScheduleStatus]),
    );
    if (isKnown) return;
    try {
      const path = objectPath('checkpointschedules', schedule, 'status');
      await this.#ports.api.patch(path, { metadata: { uid, resourceVersion }, status: fresh }, { signal });
    } catch (error) {
      if (!isCode(error, 'ERR_CLUSTER_NOT_FOUND')) throw error;
    }
  }

  async #tell(about: Schedule, type: 'Normal' | 'Warning', reason: string, message: string, signal: AbortSignal) {
    const { kubeNamespace, name, uid } = about;
    const object = { kind: 'CheckpointSchedule', kubeNamespace, name, uid };
    await this.#ports.recorder.record(object, { type, reason, message }, signal);
  }
}

type StatusChange = { readonly [K in keyof ScheduleStatus]?: ScheduleStatus[K] | null };

function fact(status: Fact['status'], reason: string, message: string): Fact {
  return { type: 'Ready', status, reason, message };
}

/** A label selector as the API server takes it in a query. */
function labelQuery(selector: unknown): Readonly<Record<string, string>> {
  const equal = at(selector, 'matchLabels');
  const parts = Object.entries(isObject(equal) ? equal : {}).map(([key, value]) => `${key}=${String(value)}`);
  for (const each of listAt(selector, 'matchExpressions')) {
    const key = textAt(each, 'key');
    const values = listAt(each, 'values').join(',');
    const words: Readonly<Record<string, string>> = {
      In: `${key} in (${values})`,
      NotIn: `${key} notin (${values})`,
      Exists: key,
      DoesNotExist: `!${key}`,
    };
    parts.push(words[textAt(each, 'operator')] ?? key);
  }
  return parts.length === 0 ? {} : { labelSelector: parts.join(',') };
}
