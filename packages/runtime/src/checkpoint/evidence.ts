/** Writing what a capture says of itself; the format is packages/evidence. */
import { readFile } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { type Digest, messageOf } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import {
  type CaptureEvidence,
  encodeCapture,
  encodePodCapture,
  type PodCaptureEvidence,
  readSigningKey,
  signEnvelopeText,
  statementDigestOf,
} from '@stillframe/evidence';
import type { NodeContext } from '../context.ts';

type Signing = Pick<NodeContext, 'signingKey' | 'logger'>;

/**
 * Writes the evidence to `path`, mode 0600, with this machine as node, signed with its key where it has one. Answers the digest of
 * the statement.
 */
export async function writeEvidence(
  context: Signing,
  path: string,
  evidence: Omit<CaptureEvidence, 'node'>,
): Promise<Digest> {
  return await writeSigned(context, path, encodeCapture({ ...evidence, node: thisMachine() }));
}

/** As writeEvidence, of a pod as a whole. */
export async function writePodEvidence(
  context: Signing,
  path: string,
  evidence: Omit<PodCaptureEvidence, 'node'>,
): Promise<Digest> {
  return await writeSigned(context, path, encodePodCapture({ ...evidence, node: thisMachine() }));
}

const thisMachine = () => ({ hostname: hostname(), kernel: release() });

async function writeSigned(context: Signing, path: string, text: string): Promise<Digest> {
  await writeTextAtomically(path, await signed(context, text));
  return statementDigestOf(text);
}

/**
 * Read for each capture, so that a key that was replaced counts at once. A capture cannot be had again: a key that cannot
 * be read leaves it unsigned, which the evidence says.
 */
async function signed({ signingKey: path, logger }: Signing, text: string) {
  if (path === undefined) return text;
  try {
    return signEnvelopeText(text, readSigningKey(await readFile(path, 'utf8')));
  } catch (error) {
    logger.log('error', 'the evidence is not signed: the key cannot be used', { path, reason: messageOf(error) });
    return text;
  }
}
