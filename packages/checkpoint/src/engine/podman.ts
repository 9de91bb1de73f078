/** Podman's archives: config.dump is libpod's whole container config (checkpoint-spec 5.1). */
import { type EngineDialect, presentEntry, sharedMetadata } from './dialect.ts';

/** Known by the annotation `io.container.manager`, whose value is `libpod`. */
export const podman: EngineDialect = {
  engine: 'podman',
  detect: (_entries, spec) => spec?.annotations.get('io.container.manager') === 'libpod',
  readMetadata(documents, entries) {
    const shared = sharedMetadata(documents);
    const { config, spec, network } = documents;
    return {
      ...shared,
      engine: 'podman',
      container: { ...shared.container, sandboxId: config?.podID },
      image: {
        name: shared.image.name,
        ref: config?.rootfsImageID ?? shared.image.ref,
        requested: config?.rawImageName ?? shared.image.requested,
      },
      ip: network[0]?.addresses[0]?.address.split('/')[0],
      annotations: Object.fromEntries(spec?.annotations ?? []),
      labels: Object.fromEntries(config?.labels ?? []),
      logEntry: presentEntry(entries, 'ctr.log'),
    };
  },
};
