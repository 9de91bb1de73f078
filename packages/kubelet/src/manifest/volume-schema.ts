/** Volumes that one machine has: its own folders, memory, and files made of documents (core/v1 Volume). */

import { keyedField, resourceFieldRef } from './environment-schema.ts';
import { byteQuantity } from './quantity.ts';
import {
  absolutePath,
  checked,
  choice,
  flag,
  list,
  matching,
  needed,
  oneOf,
  refused,
  shape,
  type ValueOf,
  whole,
  withDefault,
} from './reader.ts';
import { configKey, dnsLabel, dnsSubdomain, filePath } from './words.ts';

const mode = whole(0, 0o777);
const keyToPath = shape({ key: needed(configKey), path: needed(filePath), mode });
const items = list(keyToPath);

const source = { optional: withDefault(flag, false), items };
const defaultMode = withDefault(mode, 0o644);

const wholeMap = (path: string) => path === 'metadata.labels' || path === 'metadata.annotations';
/** In a file, all labels or annotations may stand, too; addresses may not: they come after the volume. */
const fileField = shape({
  apiVersion: matching('v1', (version) => version === 'v1'),
  fieldPath: needed(
    matching(
      'one of metadata.name, metadata.namespace, metadata.uid, metadata.labels, metadata.annotations, or one of these by key',
      (path) =>
        wholeMap(path) ||
        keyedField(path) !== undefined ||
        ['metadata.name', 'metadata.namespace', 'metadata.uid'].includes(path),
    ),
  ),
});
const downwardItems = list(
  choice({ path: needed(filePath), mode, fieldRef: fileField, resourceFieldRef }, 'fieldRef', 'resourceFieldRef'),
);

const projection = choice(
  {
    configMap: shape({ name: needed(dnsSubdomain), ...source }),
    secret: shape({ name: needed(dnsSubdomain), ...source }),
    downwardAPI: shape({ items: downwardItems }),
    serviceAccountToken: refused('there is no API server to give tokens'),
    clusterTrustBundle: refused('there is no API server to give it'),
    podCertificate: refused('there is no API server to give it'),
  },
  ...(['configMap', 'secret', 'downwardAPI', 'serviceAccountToken', 'clusterTrustBundle', 'podCertificate'] as const),
);

const emptyDir = checked(
  shape({ medium: withDefault(oneOf('', 'Memory'), ''), sizeLimit: byteQuantity }),
  ({ medium, sizeLimit }, path, add) => {
    if (sizeLimit !== undefined && medium === '') {
      add(`${path}.sizeLimit`, 'is not honoured here: only with medium: Memory, where the kernel keeps to it');
    }
  },
);

const hostPath = shape({
  path: needed(absolutePath),
  type: withDefault(
    oneOf('', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice'),
    '',
  ),
});

const REMOTE = [
  ...['persistentVolumeClaim', 'ephemeral', 'csi', 'nfs', 'iscsi', 'fc', 'rbd', 'cephfs', 'glusterfs', 'cinder'],
  ...['awsElasticBlockStore', 'gcePersistentDisk', 'azureDisk', 'azureFile', 'vsphereVolume', 'flexVolume', 'flocker'],
  ...['quobyte', 'portworxVolume', 'photonPersistentDisk', 'scaleIO', 'storageos', 'gitRepo'],
] as const;
const remote = Object.fromEntries(
  REMOTE.map((kind) => [kind, refused('only emptyDir, hostPath, image and volumes of files')]),
);

const image = shape({
  reference: needed(matching('an image', (reference) => /^\S{1,4096}$/.test(reference))),
  pullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
});

const kinds = {
  emptyDir,
  hostPath,
  image,
  configMap: shape({ name: needed(dnsSubdomain), ...source, defaultMode }),
  secret: shape({ secretName: needed(dnsSubdomain), ...source, defaultMode }),
  downwardAPI: shape({ items: downwardItems, defaultMode }),
  projected: shape({ sources: needed(list(projection)), defaultMode }),
};

export const volume = choice(
  { name: needed(dnsLabel), ...remote, ...kinds },
  ...(Object.keys(kinds) as (keyof typeof kinds)[]),
  ...(REMOTE as readonly string[] as never[]),
);

export type Volume = ValueOf<typeof volume>;
export type Projection = ValueOf<typeof projection>;
export type DownwardItem = NonNullable<ValueOf<typeof downwardItems>>[number];
