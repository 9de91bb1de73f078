/** What is said of captures that the kubelet-compatible API was asked for: who asked, and over another runtime all the rest. */
import { hostname } from 'node:os';
import { type Logger, messageOf } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import { addAskers, type CaptureAsker, evidencePath, MOST_ASKERS, type SigningKey } from '@stillframe/evidence';
import type { CheckpointRecord } from '@stillframe/kubelet';
import { appendCustody } from '../custody/append.ts';
import { factsNow } from '../custody/note.ts';
import { readEvidence } from '../image/evidence.ts';
import { openSigningKey } from '../node/signing-key.ts';
import { attestAfterWriting } from './after-writing.ts';

type Told = (record: CheckpointRecord, signal: AbortSignal) => Promise<void>;

/**
 * For the node's own runtime, which has written evidence: who asked goes into it and into the chain of custody. The archive is
 * there whether or not that succeeds, so a failure is logged alone.
 */
export function tellAskers(keyPath: string, logger: Logger): Told {
  return async (record) => {
    try {
      const key = await openSigningKey(keyPath).catch(() => undefined);
      const evidence = await readEvidence(record.path);
      if (!evidence) return;
      const text = addAskers(new TextDecoder().decode(evidence.bytes), askersOf(record), key);
      await writeTextAtomically(evidencePath(record.path), text);
      await noteAskers(record, key);
    } catch (error) {
      notTold(logger, record, error);
    }
  };
}

/**
 * For another runtime: evidence is made of the finished archive. Throws the reason of the signal, when nobody waits any more; any
 * other failure is logged, and leaves the archive without evidence.
 */
export function attestCaptures(node: { runtime: string; user: string; keyPath: string; logger: Logger }): Told {
  return async (record, signal) => {
    const { path, time, finished, duration } = record;
    try {
      const key = await openSigningKey(node.keyPath).catch((error) => {
        node.logger.log('error', 'the evidence is not signed: the key cannot be used', { reason: messageOf(error) });
        return undefined;
      });
      const capture = {
        container: containerOf(record),
        runtime: node.runtime,
        startedAt: new Date(time),
        finishedAt: new Date(finished),
        // The duration is rounded.
        pauseAtMost: (duration + 1) * 1000,
        askedBy: askersOf(record),
      };
      await attestAfterWriting(path, capture, { user: node.user, key, signal });
      await noteAskers(record, key);
    } catch (error) {
      signal.throwIfAborted();
      notTold(node.logger, record, error);
    }
  };
}

function containerOf({
  containerId: id,
  container: name,
  pod: podName,
  kubeNamespace,
  image,
  imageRef,
}: CheckpointRecord) {
  return { id, name, podName, kubeNamespace, image, imageID: imageRef };
}

function askersOf({ askedBy }: CheckpointRecord): CaptureAsker[] {
  return askedBy.map(({ user, from, auditID, time, left }) => ({
    ...{ user, authenticated: true, time, from, auditID },
    ...(left ? { left } : {}),
  }));
}

/** A line for each, up to those that the statement lists one by one. */
async function noteAskers({ path, askedBy }: CheckpointRecord, key: SigningKey | undefined): Promise<void> {
  const evidence = await readEvidence(path);
  for (const [index, { user, from, time }] of askedBy.slice(0, MOST_ASKERS).entries()) {
    const more = index === MOST_ASKERS - 1 ? askedBy.length - MOST_ASKERS : 0;
    const words = [`asked at ${time}`, ...(more > 0 ? [`so did ${more} more afterwards`] : [])];
    const facts = { ...factsNow(user, evidence), action: 'checkpoint', arguments: words };
    await appendCustody(path, { ...facts, who: { user, host: hostname(), from } }, { key });
  }
}

function notTold(logger: Logger, { path }: CheckpointRecord, error: unknown): void {
  logger.log('error', 'a capture has no evidence, or not of who asked for it', { path, reason: messageOf(error) });
}
