/** Writing what a capture says of itself; the format is packages/evidence. */
import { readFile } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { messageOf } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import { type CaptureEvidence, encodeCapture, readSigningKey, signEnvelopeText } from '@stillframe/evidence';
import type { NodeContext } from '../context.ts';

/** Writes the evidence to `path`, mode 0600, with this machine as node, signed with its key where it has one. */
export async function writeEvidence(
  context: Pick<NodeContext, 'signingKey' | 'logger'>,
  path: string,
  evidence: Omit<CaptureEvidence, 'node'>,
): Promise<void> {
  const text = encodeCapture({ ...evidence, node: { hostname: hostname(), kernel: release() } });
  await writeTextAtomically(path, await signed(context, text));
}

/**
 * Read for each capture, so that a key that was replaced counts at once. A capture cannot be had again: a key that cannot
 * be read leaves it unsigned, which the evidence says.
 */
async function signed({ signingKey: path, logger }: Pick<NodeContext, 'signingKey' | 'logger'>, text: string) {
  if (path === undefined) return text;
  try {
    return signEnvelopeText(text, readSigningKey(await readFile(path, 'utf8')));
  } catch (error) {
    logger.log('error', 'the evidence is not signed: the key cannot be used', { path, reason: messageOf(error) });
    return text;
  }
}
