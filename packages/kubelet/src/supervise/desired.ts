/** What all manifests together want. */
import type { Manifest, Texts } from '../manifest/documents.ts';
import type { Desired } from './keeping.ts';
import type { ManifestFault } from './manifest-folder.ts';
import { uidOf } from './marks.ts';

/** Pods by uid. Of two manifests with one pod's name, the first has it. */
export function desiredPods(
  manifests: ReadonlyMap<string, Manifest>,
  nodeName: string,
): { desired: Map<string, Desired>; clashes: ManifestFault[] } {
  const desired = new Map<string, Desired>();
  const clashes: ManifestFault[] = [];
  const takenBy = new Map<string, string>();
  const all = [...manifests.values()];
  for (const [file, manifest] of manifests) {
    // A file's own texts win over those of others.
    const order = [...all.filter((each) => each !== manifest), manifest];
    const sources = sourcesOf(order);
    for (const { pod, written } of manifest.pods) {
      const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
      const other = takenBy.get(name);
      if (other !== undefined) {
        clashes.push({ file, reason: `the pod ${name} stands in ${other} already` });
        continue;
      }
      takenBy.set(name, file);
      const uid = uidOf(written, nodeName, file);
      desired.set(uid, { pod, written, uid, file, sources });
    }
  }
  return { desired, clashes };
}

function sourcesOf(manifests: readonly Manifest[]): Desired['sources'] {
  const merged = (kind: 'configMaps' | 'secrets') =>
    new Map<string, Texts>(manifests.flatMap((manifest) => [...manifest[kind]]));
  return { configMaps: merged('configMaps'), secrets: merged('secrets') };
}
