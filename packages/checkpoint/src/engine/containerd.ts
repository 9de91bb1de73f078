/** containerd's archives: Kubernetes facts stand in status.dump and in `io.kubernetes.cri.*` annotations (checkpoint-spec 4.3). */
import { type EngineDialect, presentEntry, sharedMetadata, splitKubernetesName } from './dialect.ts';

const PREFIX = 'io.kubernetes.cri.';

/** Known by status.dump or by `io.kubernetes.cri.*` annotations. */
export const containerd: EngineDialect = {
  engine: 'containerd',
  detect: (entries, spec) =>
    entries.has('status.dump') || [...(spec?.annotations.keys() ?? [])].some((key) => key.startsWith(PREFIX)),
  readMetadata(documents, entries) {
    const shared = sharedMetadata(documents);
    const { status, spec } = documents;
    const named = (key: string) => spec?.annotations.get(PREFIX + key) || undefined;
    const parts = splitKubernetesName(shared.container.name);
    return {
      ...shared,
      engine: 'containerd',
      container: {
        id: shared.container.id ?? status?.id,
        name: status?.name ?? named('container-name') ?? parts?.container ?? shared.container.name,
        podName: named('sandbox-name') ?? parts?.podName,
        kubeNamespace: named('sandbox-namespace') ?? parts?.kubeNamespace,
        podUid: named('sandbox-uid') ?? parts?.podUid,
        sandboxId: named('sandbox-id'),
      },
      image: {
        name: shared.image.name ?? status?.image,
        ref: shared.image.ref ?? status?.imageRef,
        requested: shared.image.requested ?? named('image-name'),
      },
      created: shared.created ?? status?.created,
      annotations: Object.fromEntries(status?.annotations ?? []),
      labels: Object.fromEntries(status?.labels ?? []),
      logEntry: presentEntry(entries, 'container.log'),
    };
  },
};
