/**
 * What makes a folder of archives the checkpoint of a pod: pod.options says which archive is whose, pod.dump what the pod
 * was. Both names, and the shape of the first, are those that checkpointctl knows (checkpoint-spec 5.3).
 */
import { isAbsolute } from 'node:path';
import {
  decodePodOptions,
  encodePodOptions,
  POD_OPTIONS,
  POD_OPTIONS_VERSION,
  type PodContents,
} from '@stillframe/checkpoint';
import { limits, readAll } from '@stillframe/core';
import { openFileSource, writeTextAtomically } from '@stillframe/core/file';
import { runtimeError } from '../errors.ts';
import type { SandboxRecord } from '../store/records.ts';

export const POD_DUMP = 'pod.dump';

/** Texts of both documents. */
export function podDocuments(
  sandbox: SandboxRecord,
  contents: PodContents,
  facts: { checkpointedAt: string; truePause: number; version: string },
): { options: string; dump: string } {
  const { identity, hostname, labels, annotations, network, pidMode } = sandbox;
  const dump = { id: sandbox.id, metadata: identity, hostname, labels, annotations, network, pidMode, ...facts };
  const marks = {
    'org.criu.checkpoint.engine.name': 'stillframe',
    'org.criu.checkpoint.engine.version': facts.version,
    'org.criu.checkpoint.pod.name': identity.name,
    'org.criu.checkpoint.pod.namespace': identity.kubeNamespace,
    'org.criu.checkpoint.pod.uid': identity.uid,
    'org.criu.checkpoint.pod.id': sandbox.id,
  };
  return { options: encodePodOptions(contents, marks), dump: `${JSON.stringify(dump, null, 2)}\n` };
}

/** Writes a document, mode 0600. */
export const writePodDocument = (path: string, text: string) => writeTextAtomically(path, text);

/** Reads which archive is whose. Throws ERR_RESTORE_ARCHIVE for a folder that holds no complete checkpoint of a pod. */
export async function readPodContents(folder: string): Promise<PodContents> {
  if (!isAbsolute(folder)) throw invalid(`${JSON.stringify(folder)} is no absolute path`);
  let value: unknown;
  try {
    await using source = await openFileSource(`${folder}/${POD_OPTIONS}`);
    value = JSON.parse(Buffer.from(await readAll(source, { limit: limits.manifest })).toString('utf8'));
  } catch (cause) {
    throw runtimeError('ERR_RESTORE_ARCHIVE', `${folder} holds no complete checkpoint of a pod`, { cause });
  }
  const contents = decodePodOptions(value);
  if (!contents)
    throw invalid(`${folder}/${POD_OPTIONS} is not of version ${POD_OPTIONS_VERSION}, or names no archives beside it`);
  return contents;
}

function invalid(message: string) {
  return runtimeError('ERR_RESTORE_ARCHIVE', message);
}
