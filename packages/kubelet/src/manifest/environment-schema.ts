/** Variables of a container, and where their values come from (core/v1 EnvVar, EnvFromSource). */
import {
  checked,
  choice,
  flag,
  list,
  matching,
  needed,
  refused,
  shape,
  text,
  type ValueOf,
  withDefault,
} from './reader.ts';
import { configKey, dnsSubdomain, isQualifiedName, variableName } from './words.ts';

const FIELDS = [
  ...['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName'],
  ...['status.podIP', 'status.podIPs', 'status.hostIP', 'status.hostIPs'],
];

/** `metadata.labels['key']` and the like. */
export function keyedField(path: string): { field: 'labels' | 'annotations'; key: string } | undefined {
  const [, field, key = ''] = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path) ?? [];
  if (!isQualifiedName(key)) return undefined;
  return field === 'labels' || field === 'annotations' ? { field, key } : undefined;
}

const fieldRef = shape({
  apiVersion: matching('v1', (version) => version === 'v1'),
  fieldPath: needed(
    matching(
      `one of ${FIELDS.join(', ')}, metadata.labels['KEY'], metadata.annotations['KEY']`,
      (path) => FIELDS.includes(path) || keyedField(path) !== undefined,
    ),
  ),
});

const keyRef = shape({ name: needed(dnsSubdomain), key: needed(configKey), optional: withDefault(flag, false) });
export const resourceFieldRef = refused('limits are not told to containers');

const valueFrom = choice(
  {
    fieldRef,
    configMapKeyRef: keyRef,
    secretKeyRef: keyRef,
    resourceFieldRef,
    fileKeyRef: refused('variables come from ConfigMaps and Secrets'),
  },
  'fieldRef',
  'configMapKeyRef',
  'secretKeyRef',
  'resourceFieldRef',
  'fileKeyRef',
);

export const env = list(
  checked(shape({ name: needed(variableName), value: text, valueFrom }), ({ value, valueFrom }, path, add) => {
    if (valueFrom && value) add(`${path}.valueFrom`, 'must not stand beside a value');
  }),
);

const source = shape({ name: needed(dnsSubdomain), optional: withDefault(flag, false) });

export const envFrom = list(
  choice(
    {
      prefix: withDefault(
        matching('the beginning of a name', (prefix) => /^[\x20-\x3c\x3e-\x7e]{0,256}$/.test(prefix)),
        '',
      ),
      configMapRef: source,
      secretRef: source,
    },
    'configMapRef',
    'secretRef',
  ),
);

export type Env = ValueOf<typeof env>;
