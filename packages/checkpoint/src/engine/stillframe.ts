/** Our own archives: the CRI-O layout, so that CRI-O and checkpointctl take them for CRI-O's, told apart by our annotation. */
import { STILLFRAME_VERSION } from '../metadata/annotations.ts';
import { CRIO_LOG_ENTRY, readCrioLayout } from './crio.ts';
import { type EngineDialect, presentEntry } from './dialect.ts';
import { readStillframeAnnotations } from './stillframe-annotations.ts';

/** Known by `io.stillframe.checkpoint.version`; to be asked before CRI-O, whose mark it has as well. */
export const stillframe: EngineDialect = {
  engine: 'stillframe',
  detect: (_entries, spec) => spec?.annotations.has(STILLFRAME_VERSION) ?? false,
  readMetadata(documents, entries) {
    const capture = readStillframeAnnotations(documents.spec?.annotations ?? new Map());
    return {
      ...readCrioLayout(documents),
      engine: 'stillframe',
      engineVersion: capture?.engineVersion,
      logEntry: presentEntry(entries, CRIO_LOG_ENTRY) ?? presentEntry(entries, 'container.log'),
      capture,
    };
  },
};
