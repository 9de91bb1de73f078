/** The first entry of an archive that was asked for by the kubelet-compatible API: who asked, and from where. */
import { hostname } from 'node:os';
import { type Logger, messageOf } from '@stillframe/core';
import type { CheckpointRecord } from '@stillframe/kubelet';
import { readEvidence } from '../image-evidence.ts';
import { openSigningKey } from '../node/signing-key.ts';
import { appendCustody } from './append.ts';
import { factsNow } from './note.ts';

/** Notes captures that have evidence. The archive is there whether or not that succeeds, so a failure is logged alone. */
export function noteCaptures(keyPath: string, logger: Logger): (record: CheckpointRecord) => Promise<void> {
  return async ({ path, askedBy }) => {
    try {
      const evidence = await readEvidence(path);
      if (!evidence) return;
      const key = await openSigningKey(keyPath).catch(() => undefined);
      for (const { user, from, time } of askedBy) {
        const facts = { ...factsNow(user, evidence), action: 'checkpoint', arguments: [`asked at ${time}`] };
        await appendCustody(path, { ...facts, who: { user, host: hostname(), from } }, { key });
      }
    } catch (error) {
      logger.log('warn', 'a capture is not in its chain of custody', { path, reason: messageOf(error) });
    }
  };
}
