/** Docker's container folder: config.v2.json, and `checkpoints/NAME/` with CRIU's images alone (`docker checkpoint create`). */
import { type EngineDialect, presentEntry, sharedMetadata } from './dialect.ts';

/** Known by config.v2.json. The folder of one checkpoint alone says nothing of its container, nor that it is Docker's. */
export const docker: EngineDialect = {
  engine: 'docker',
  detect: (entries) => entries.has('config.v2.json'),
  readMetadata(documents, entries) {
    const shared = sharedMetadata(documents);
    const { docker: config } = documents;
    return {
      ...shared,
      engine: 'docker',
      container: { ...shared.container, id: config?.id, name: config?.name },
      image: { name: config?.image, ref: config?.imageId, requested: config?.image },
      created: config?.created,
      labels: Object.fromEntries(config?.labels ?? []),
      logEntry: presentEntry(entries, config?.logPath?.split('/').at(-1) ?? ''),
    };
  },
};
