/** What a first look at a checkpoint asks: read from metadata and the process tree alone. */
import { missingParts, readStatistics } from '@stillframe/checkpoint';
import type { Check } from '../contract/index.ts';
import type { AnswerRoute } from './route.ts';

/** Faults that are listed. */
const MOST_FAULTS = 200;

export const overview: AnswerRoute<'overview'> = async ({ one, signal }) => {
  const { checkpoint } = one;
  const { metadata, archive, images } = checkpoint;
  const { container, image, capture } = metadata;
  const [processes, statistics] = await Promise.all([one.processes(), readStatistics(images, { signal })]);
  const files = [...archive.entries.values()];
  const pages = files.filter(({ name }) => /(?:^|\/)pages-[^/]*\.img$/.test(name));
  return {
    archive: { name: one.name, bytes: archive.bytes?.size ?? null, entries: archive.entries.size },
    engine: [metadata.engine, metadata.engineVersion].filter(Boolean).join(' ') || null,
    container: {
      id: container.id ?? null,
      name: container.name ?? null,
      podName: container.podName ?? null,
      kubeNamespace: container.kubeNamespace ?? null,
      image: image.name ?? image.requested ?? null,
      imageId: image.ref ?? null,
      ociRuntime: metadata.ociRuntime ?? null,
      address: metadata.ip ?? null,
    },
    ...{ created: metadata.created ?? null, checkpointed: metadata.checkpointed ?? null },
    restored: metadata.restored ?? null,
    pause: capture?.truePause ?? null,
    frozen: statistics?.frozenTime ?? null,
    counts: {
      processes: processes.length,
      threads: processes.reduce((sum, { threads }) => sum + threads.length, 0),
      memory: pages.reduce((sum, { size }) => sum + size, 0),
      entries: archive.entries.size,
    },
    missing: missingParts(checkpoint),
    faults: checkpoint
      .diagnostics()
      .slice(0, MOST_FAULTS)
      .map(({ severity, source, message }) => ({ severity, source, message })),
  };
};

export const integrity: AnswerRoute<'integrity'> = async ({ one }) => {
  const proof = await one.proof();
  const capture = proof?.capture;
  return {
    checks: proof?.checks.map(({ name, state, text }): Check => ({ name, state, text })) ?? null,
    ...{ pause: capture?.pause ?? null, pauseAtMost: capture?.pauseAtMost ?? null, node: capture?.node ?? null },
    ...{ askedBy: capture?.askedBy ?? [], notCaptured: capture?.notCaptured ?? [], altered: capture?.altered ?? [] },
  };
};
