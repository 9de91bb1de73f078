/** Containers of a pod (core/v1 Container), the initial ones too. */
import { lifecycle, lifeProbe, readinessProbe } from './action-schema.ts';
import { env, envFrom } from './environment-schema.ts';
import { byteQuantity, milliCpu } from './quantity.ts';
import {
  absolutePath,
  checked,
  flag,
  list,
  mapOf,
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
import { containerSecurity } from './security-schema.ts';
import { dnsLabel, innerPath, portName } from './words.ts';

const port = whole(1, 65_535);
const address = matching('an IP address', (ip) => /^[0-9a-fA-F.:]{0,45}$/.test(ip));

const ports = list(
  shape({
    name: portName,
    containerPort: needed(port),
    hostPort: port,
    hostIP: address,
    protocol: withDefault(oneOf('TCP', 'UDP', 'SCTP'), 'TCP'),
  }),
);

const hugePages = mapOf(byteQuantity, (name) => /^hugepages-[1-9]\d*[KMG]i$/.test(name), 'a resource');
const elsewhere = (name: string) => name !== 'cpu' && name !== 'memory' && !name.startsWith('hugepages-');

/** cpu, memory and huge pages; anything else is given by a cluster. */
const amounts: Reader<Amounts> = (value, path, faults) => {
  const fields = Object.entries(typeof value === 'object' && value !== null ? value : {});
  for (const [name] of fields.filter(([each]) => elsewhere(each)))
    refused('only cpu, memory and hugepages-SIZE')(1, `${path}.${name.slice(0, 60)}`, faults);
  const known = Object.fromEntries(fields.filter(([name]) => !elsewhere(name)));
  const pages = Object.fromEntries(Object.entries(known).filter(([name]) => name.startsWith('hugepages-')));
  const { cpu, memory } = shape({ cpu: milliCpu, memory: byteQuantity, ...passing(pages) })(known, path, faults) ?? {};
  return { cpu, memory, hugePages: hugePages(pages, path, faults) ?? {} };
};

/** Thousandths of a CPU, bytes, and bytes by `hugepages-SIZE`. */
export interface Amounts {
  cpu: number | undefined;
  memory: number | undefined;
  hugePages: Readonly<Record<string, number>>;
}

function passing(pages: object): Record<string, Reader<undefined>> {
  return Object.fromEntries(Object.keys(pages).map((name) => [name, () => undefined]));
}

const resources = checked(
  shape({
    limits: amounts,
    requests: amounts,
    claims: refused('there is no resource driver'),
  }),
  ({ limits, requests }, path, add) => {
    for (const name of ['cpu', 'memory'] as const) {
      const [limit, request] = [limits?.[name], requests?.[name]];
      if (limit !== undefined && request !== undefined && request > limit)
        add(`${path}.requests.${name}`, 'must not be more than the limit');
    }
  },
);

const volumeMounts = list(
  checked(
    shape({
      name: needed(dnsLabel),
      mountPath: needed(
        matching('an absolute path without `:`', (path) => path.startsWith('/') && !/[:\0]/.test(path) && path !== '/'),
      ),
      subPath: innerPath,
      subPathExpr: refused('use subPath'),
      readOnly: withDefault(flag, false),
      recursiveReadOnly: withDefault(oneOf('Disabled', 'IfPossible', 'Enabled'), 'Disabled'),
      mountPropagation: withDefault(oneOf('None', 'HostToContainer', 'Bidirectional'), 'None'),
    }),
    ({ recursiveReadOnly, readOnly }, path, add) => {
      if (recursiveReadOnly !== 'Disabled' && !readOnly)
        add(`${path}.recursiveReadOnly`, 'must stand beside readOnly: true');
    },
  ),
);

/** A reference of an image, or the absolute path of a checkpoint archive. */
const image = matching('an image or the absolute path of an archive', (name) => /^[\x21-\x7e]{1,4096}$/.test(name));

const fields = {
  name: needed(dnsLabel),
  image: needed(image),
  imagePullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
  command: withDefault(list(text), () => []),
  args: withDefault(list(text), () => []),
  workingDir: absolutePath,
  env: withDefault(env, () => []),
  envFrom: withDefault(envFrom, () => []),
  ports: withDefault(ports, () => []),
  resources: withDefault(resources, () => ({})),
  resizePolicy: refused('limits are not changed while a container runs'),
  restartPolicyRules: refused('only the restart policy of the pod'),
  volumeMounts: withDefault(volumeMounts, () => []),
  volumeDevices: refused('there are no block volumes'),
  securityContext: withDefault(containerSecurity, () => ({})),
  terminationMessagePath: withDefault(absolutePath, '/dev/termination-log'),
  terminationMessagePolicy: withDefault(oneOf('File', 'FallbackToLogsOnError'), 'File'),
  stdin: withDefault(flag, false),
  stdinOnce: withDefault(flag, false),
  tty: withDefault(flag, false),
};

export const container = shape({
  ...fields,
  restartPolicy: refused('of a container that is no init container, only that of the pod'),
  lifecycle: withDefault(lifecycle, () => ({})),
  livenessProbe: lifeProbe,
  readinessProbe,
  startupProbe: lifeProbe,
});

/** One that ends before the next begins, or, with restartPolicy Always, runs beside all that come after it. */
export const initContainer = checked(
  shape({
    ...fields,
    restartPolicy: oneOf('Always'),
    lifecycle: withDefault(lifecycle, () => ({})),
    livenessProbe: lifeProbe,
    readinessProbe,
    startupProbe: lifeProbe,
  }),
  (found, path, add) => {
    if (found.restartPolicy === 'Always') return;
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const)
      if (found[probe]) add(`${path}.${probe}`, 'must stand beside restartPolicy: Always in an init container');
    if (found.lifecycle.postStart || found.lifecycle.preStop)
      add(`${path}.lifecycle`, 'must stand beside restartPolicy: Always in an init container');
  },
);

export type Container = Omit<ValueOf<typeof initContainer>, 'restartPolicy'> & { restartPolicy?: 'Always' | undefined };
