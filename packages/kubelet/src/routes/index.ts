/** What the kubelet-compatible API answers, one row a route. */
import { checkpoint } from './checkpoint.ts';
import { containerLogs } from './container-logs.ts';
import { configz, healthz, metrics, pods, runningPods } from './node.ts';
import type { Route } from './route.ts';
import { run } from './run.ts';
import { attach, exec, portForward } from './streams.ts';

const ADDRESS = [':namespace', ':pod', ':container'];
const ADDRESS_BY_UID = [':namespace', ':pod', ':uid', ':container'];

/** The route that a feature gate of Kubernetes may take away. */
const CHECKPOINT: Route = { methods: ['POST'], path: ['checkpoint', ...ADDRESS], acts: true, answer: checkpoint };

const OTHERS: readonly Route[] = [
  { methods: ['GET'], path: ['healthz'], acts: false, answer: healthz },
  { methods: ['GET'], path: ['healthz', 'ping'], acts: false, answer: healthz },
  { methods: ['GET'], path: ['metrics'], acts: false, answer: metrics },
  { methods: ['GET'], path: ['configz'], acts: false, answer: configz },
  { methods: ['GET'], path: ['pods'], acts: false, answer: pods },
  { methods: ['GET'], path: ['runningpods'], acts: false, answer: runningPods },
  { methods: ['GET'], path: ['runningpods', ''], acts: false, answer: runningPods },
  { methods: ['GET'], path: ['containerLogs', ...ADDRESS], onPod: 'log', acts: false, answer: containerLogs },
  ...[ADDRESS, ADDRESS_BY_UID].flatMap((address): Route[] => [
    { methods: ['POST'], path: ['run', ...address], onPod: 'exec', acts: true, answer: run },
    { methods: ['GET', 'POST'], path: ['exec', ...address], onPod: 'exec', acts: true, answer: exec },
    { methods: ['GET', 'POST'], path: ['attach', ...address], onPod: 'attach', acts: true, answer: attach },
  ]),
  ...[
    [':namespace', ':pod'],
    [':namespace', ':pod', ':uid'],
  ].map(
    (address): Route => ({
      methods: ['GET', 'POST'],
      path: ['portForward', ...address],
      onPod: 'portforward',
      acts: true,
      answer: portForward,
    }),
  ),
];

/** A route that matches a path, with the parameters. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** All routes; without the one for checkpoints where its feature gate is off. */
export function routesOf({ containerCheckpoint }: { containerCheckpoint: boolean }): readonly Route[] {
  return containerCheckpoint ? [CHECKPOINT, ...OTHERS] : OTHERS;
}

/** The route of `pathname`. Throws URIError for a percent sign that escapes nothing. */
export function matchRoute(routes: readonly Route[], pathname: string): Match | undefined {
  const segments = pathname.slice(1).split('/').map(decodeURIComponent);
  for (const route of routes) {
    if (route.path.length !== segments.length) continue;
    const params: Record<string, string> = {};
    const fits = route.path.every((wanted, index) => {
      const segment = segments[index] ?? '';
      if (!wanted.startsWith(':')) return wanted === segment;
      params[wanted.slice(1)] = segment;
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}
