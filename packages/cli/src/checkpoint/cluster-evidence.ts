/** What is kept beside an archive of a cluster: what the cluster knew of the pod, whose digest stands in the evidence. */
import { basename } from 'node:path';
import { type Digest, digestOf, harmless, textAt } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import type { CaptureAsker } from '@stillframe/evidence';
import type { ClusterApi, ClusterContext, FoundPod, PodContainer } from '@stillframe/kubernetes';
import type { ForeignCapture } from '../evidence/after-writing.ts';
import { contextPath } from '../evidence/cluster-context.ts';

/** A file beside the archive. */
interface ContextDocument {
  name: string;
  digest: Digest;
  size: number;
}

/** Writes it for its owner alone: documents of a cluster hold secrets. Throws ERR_FILE_EXISTS. */
export async function writeContext(archive: string, context: ClusterContext): Promise<ContextDocument> {
  const text = `${JSON.stringify({ kind: 'ClusterContext', version: 1, ...context }, undefined, 2)}\n`;
  await writeTextAtomically(contextPath(archive), text, { replace: false });
  return { name: basename(contextPath(archive)), digest: digestOf(Buffer.from(text)), size: Buffer.byteLength(text) };
}

/** What the evidence says of a capture by a cluster's kubelet. */
export function clusterCapture(
  api: ClusterApi,
  found: FoundPod,
  { id, name, image, imageID }: PodContainer,
  facts: { startedAt: Date; took: number; asker: CaptureAsker; context: ClusterContext; document: ContextDocument },
): ForeignCapture {
  const { startedAt, took, asker, context, document } = facts;
  const { kubeNamespace, pod, uid, node } = found;
  const info = 'found' in context.node ? context.node.found : undefined;
  const said = (key: string) => harmless(textAt(info, 'status', 'nodeInfo', key));
  return {
    container: { id, name, podName: pod, kubeNamespace, image, imageID },
    runtime: said('containerRuntimeVersion') || `${found.runtime || 'a runtime'} on ${node}`,
    node: { hostname: node, kernel: said('kernelVersion') },
    startedAt,
    finishedAt: new Date(startedAt.getTime() + took),
    pauseAtMost: Math.ceil(took * 1000),
    askedBy: [asker],
    cluster: {
      server: api.access.server,
      context: api.access.context,
      podUid: uid,
      kubelet: said('kubeletVersion'),
      document,
    },
  };
}
