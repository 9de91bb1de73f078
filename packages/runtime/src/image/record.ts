/** What the node remembers of one image. Plain data: it is written as JSON. */
import type { Descriptor } from '@stillframe/oci';
import type { StoredRecord } from '../store/record-store.ts';

export interface ImageRecord extends StoredRecord {
  /** Image id: the 64 hexadecimal digits of the config's digest. */
  readonly id: string;
  /** `registry/repository:tag`, every name it was pulled under. */
  names: string[];
  /** `registry/repository@digest`, the digest of what the registry resolved: an index where it has several platforms. */
  repoDigests: string[];
  manifest: Descriptor;
  /** Bytes of all layers as stored. */
  size: number;
  /** Folders below `layersFolder`, lowest first; a checkpoint image needs none, since it is never a root filesystem. */
  layers: string[];
  /** Whether its one layer is a checkpoint archive. */
  checkpoint: boolean;
  /** The config's `User`, `uid[:gid]` or `name[:group]`; absent or empty: root. */
  user?: string;
  /** Annotations of the manifest, and of the indexes it was pulled through. */
  annotations?: Record<string, string>;
  /** RFC 3339, as the image's maker says. */
  created?: string;
}
