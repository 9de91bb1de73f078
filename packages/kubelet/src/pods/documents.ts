/** Pods as v1 documents from a runtime alone. */
import type { CriClient } from '@stillframe/cri/client';
import { listPods } from './find.ts';
import { podList } from './pod-list.ts';

/** Every pod of the runtime, with as much of its status as a runtime knows. Throws ERR_CRI_*. */
export async function podDocumentsOf(cri: CriClient, signal: AbortSignal): Promise<readonly unknown[]> {
  return podList(await listPods(cri, { signal }), '', cri.version.runtimeName).items;
}
