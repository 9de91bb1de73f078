/** What a kubelet does to a container: probes and lifecycle hooks (core/v1 Probe, Lifecycle). */
import {
  choice,
  list,
  matching,
  needed,
  oneOf,
  type Reader,
  refused,
  shape,
  text,
  type ValueOf,
  whole,
  withDefault,
} from './reader.ts';
import { portName } from './words.ts';

const number = whole(1, 65_535);

/** A number, or the name of one of the container's ports. */
const portReference: Reader<number | string> = (value, path, faults) =>
  typeof value === 'string' ? portName(value, path, faults) : number(value, path, faults);

const headerName = matching('the name of an HTTP header', (name) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/.test(name));
const headerValue = matching('the value of an HTTP header', (value) => /^[\t\x20-\x7e]{0,8192}$/.test(value));

const exec = shape({ command: needed(list(text)) });
const httpGet = shape({
  path: withDefault(
    matching('a path without blanks', (path) => /^[\x21-\x7e]{0,4096}$/.test(path)),
    '/',
  ),
  port: needed(portReference),
  host: matching('a host', (host) => /^[0-9A-Za-z.:-]{0,253}$/.test(host)),
  scheme: withDefault(oneOf('HTTP', 'HTTPS'), 'HTTP'),
  httpHeaders: list(shape({ name: needed(headerName), value: needed(headerValue) }), 100),
});
const tcpSocket = shape({
  port: needed(portReference),
  host: matching('a host', (host) => /^[0-9A-Za-z.:-]{0,253}$/.test(host)),
});
const grpc = shape({ port: needed(number), service: withDefault(text, '') });

const seconds = whole(1, 86_400);

const timing = {
  initialDelaySeconds: withDefault(whole(0, 86_400), 0),
  timeoutSeconds: withDefault(seconds, 1),
  periodSeconds: withDefault(seconds, 10),
  successThreshold: withDefault(whole(1, 10_000), 1),
  failureThreshold: withDefault(whole(1, 10_000), 3),
};
const actions = { exec, httpGet, tcpSocket, grpc };
const ACTIONS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;

/** A probe that may take several successes to be content. */
export const readinessProbe = choice(
  { ...actions, ...timing, terminationGracePeriodSeconds: refused('a readiness probe ends nothing') },
  ...ACTIONS,
);

/** A probe whose failure ends the container: one success must be enough. */
export const lifeProbe = choice(
  {
    ...actions,
    ...timing,
    successThreshold: withDefault(whole(1, 1), 1),
    terminationGracePeriodSeconds: whole(1, 86_400),
  },
  ...ACTIONS,
);

const hook = choice(
  {
    exec,
    httpGet,
    sleep: shape({ seconds: needed(whole(0, 86_400)) }),
    tcpSocket: refused('Kubernetes itself has given hooks by tcpSocket up'),
  },
  'exec',
  'httpGet',
  'sleep',
);

export const lifecycle = shape({
  postStart: hook,
  preStop: hook,
  stopSignal: matching('a signal such as SIGTERM', (signal) => /^SIG[A-Z0-9+-]{2,12}$/.test(signal)),
});

export type Hook = ValueOf<typeof hook>;
export type Probe = Omit<ValueOf<typeof lifeProbe>, 'terminationGracePeriodSeconds'> & {
  terminationGracePeriodSeconds?: number | undefined;
};
export type HttpGet = ValueOf<typeof httpGet>;
