/** For tests alone: a fake cluster, simulated time, and controllers in it. */
import type { JsonObject, Logger } from '@stillframe/core';
import { type ControllerOptions, runController, type TakeAlert } from './controller.ts';
import { type FakeApi, openFakeApi } from './fake-api.fixture.ts';
import { type FakeClock, openFakeClock } from './fake-clock.fixture.ts';
import type { Address } from './fake-objects.fixture.ts';

export interface RunningController {
  /** Ends it as a signal would: what is under way is finished. */
  stop(): Promise<void>;
  readonly log: string[];
  /** Throws where it is not the leader. */
  readonly alert: TakeAlert;
  /** Fulfilled once it has ended. */
  readonly ended: Promise<void>;
}

export interface Simulation extends AsyncDisposable {
  readonly api: FakeApi;
  readonly clock: FakeClock;
  start(name?: string, options?: Partial<ControllerOptions>): RunningController;
  /** Lets time go by, as whole requests and their answers. */
  pass(milliseconds: number): Promise<void>;
  /** Lets time go by in small steps until it is so; a minute at most. */
  until(what: string, isSo: () => boolean): Promise<void>;
  /** A pod with one running container `app`, on node-1. */
  pod(name: string, more?: { node?: string; labels?: object; annotations?: object; containers?: string[] }): JsonObject;
  checkpoint(name: string, spec: object, more?: object): JsonObject;
  statusOf(name: string): JsonObject;
}

export async function openSimulation(): Promise<Simulation> {
  const clock = openFakeClock();
  const api = await openFakeApi(clock);
  const running = new Set<RunningController>();
  const settle = () => api.settled();
  const address = (resource: string, name?: string): Address => ({ resource, kubeNamespace: 'shop', name });
  const simulation: Simulation = {
    api,
    clock,
    start(name = 'one', options = {}) {
      const ending = new AbortController();
      const lines: string[] = [];
      const log: Logger = {
        log: (level, message, fields) => void lines.push(JSON.stringify({ level, message, ...fields })),
      };
      let take: TakeAlert | undefined;
      const ended = runController(
        {
          ...{ access: api.access, clock, log, identity: name, requestsPerSecond: 100, random: () => 0.5 },
          lease: { kubeNamespace: 'stillframe', name: 'stillframe-controller' },
          counted: { capture: () => undefined, cause: () => undefined, request: () => undefined },
          ...options,
          onLeading: (alert) => {
            take = alert;
          },
        },
        ending.signal,
      );
      const controller: RunningController = {
        log: lines,
        ended,
        alert: (alert) => (take ? take(alert) : Promise.reject(new Error('it is not the leader'))),
        stop: async () => {
          running.delete(controller);
          ending.abort(new DOMException('the test ends it', 'AbortError'));
          let over = false;
          const watched = ended.finally(() => {
            over = true;
          });
          while (!over) await clock.advance(1000, settle);
          await watched;
        },
      };
      ended.catch(() => undefined);
      running.add(controller);
      return controller;
    },
    pass: (milliseconds) => clock.advance(milliseconds, settle),
    async until(what, isSo) {
      for (let step = 0; step < 600; step += 1) {
        await settle();
        if (isSo()) return;
        await clock.advance(100, settle);
      }
      throw new Error(`in a minute it did not come: ${what}`);
    },
    pod(name, { node = 'node-1', labels = { app: name }, annotations, containers = ['app'] } = {}) {
      return api.objects.create(address('pods'), {
        ...{ apiVersion: 'v1', kind: 'Pod' },
        metadata: { name, namespace: 'shop', labels, ...(annotations ? { annotations } : {}) },
        spec: { nodeName: node, containers: containers.map((each) => ({ name: each })) },
        status: {
          phase: 'Running',
          containerStatuses: containers.map((each) => ({
            ...{ name: each, image: 'app:1', containerID: `containerd://${name}-${each}` },
            state: { running: {} },
          })),
        },
      });
    },
    checkpoint(name, spec, more = {}) {
      const document = { apiVersion: 'stillframe.io/v1alpha1', kind: 'Checkpoint', spec };
      return api.objects.create(address('stillframe.io/checkpoints'), {
        ...document,
        metadata: { name, namespace: 'shop', ...more },
      });
    },
    statusOf: (name) => (api.objects.get(address('stillframe.io/checkpoints', name))['status'] ?? {}) as JsonObject,
    async [Symbol.asyncDispose]() {
      for (const controller of running) await controller.stop();
      await api[Symbol.asyncDispose]();
    },
  };
  return simulation;
}
