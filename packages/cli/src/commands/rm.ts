/** `stillframe rm`: stops and removes a pod. */
import { rm as remove, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { harmless } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { MANIFEST_ANNOTATION } from '@stillframe/kubelet/names';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { manifestName, ownManifests, removeRunPods } from '../node/pods.ts';
import { removePod } from '../pod.ts';
import { cliError } from '../usage.ts';
import { listPods } from './address.ts';
import { type RegisterCommand, withCri } from './command.ts';

export const rm: RegisterCommand = (program, io) => {
  withCri(program.command('rm'))
    .description('Stop and remove a pod with all its containers; one of --pod-manifests comes back')
    .argument('<pod>', 'NAMESPACE/POD, or POD in the namespace default')
    .action(async (text: string, options: CriPlace & { root: string }) => {
      const parts = text.split('/');
      if (parts.length === 1) parts.unshift('default');
      const [kubeNamespace, pod] = parts;
      if (parts.length !== 2 || !kubeNamespace || !pod) {
        throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is not NAMESPACE/POD`, {
          hint: 'a container is removed with its pod',
        });
      }
      await using client = await connectCri(options, io.signal);
      const look = async () =>
        (await listPods(client, io.signal)).filter((p) => p.kubeNamespace === kubeNamespace && p.pod === pod);
      const manifest = join(ownManifests(options), manifestName({ namespace: kubeNamespace, name: pod }));
      if (options.cri === undefined && (await stat(manifest).catch(() => undefined))) {
        await remove(manifest);
        // The node ends it, with its hooks and its grace.
        while ((await look()).length > 0) await delay(200, undefined, { signal: io.signal });
        io.out(`removed ${kubeNamespace}/${pod}\n`);
        return;
      }
      const found = await look();
      if (found.length === 0) throw cliError('ERR_CONTAINER_NOT_FOUND', `there is no pod ${text}`);
      const { manifests, uids } = await originsOf(client, found, io.signal);
      await Promise.all(found.map(({ sandboxID }) => removePod(client, sandboxID)));
      if (options.cri !== undefined) await removeRunPods(options, uids);
      io.out(`removed ${kubeNamespace}/${pod}\n`);
      for (const file of manifests)
        if (await stat(file).catch(() => undefined)) io.err(`it comes back: it stands in ${harmless(file)}\n`);
    });
};

/** Manifests that pods are kept by, and their uids. */
async function originsOf(
  client: CriClient,
  pods: readonly { sandboxID: string }[],
  signal: AbortSignal,
): Promise<{ manifests: Set<string>; uids: Set<string> }> {
  const { items } = await client.runtime.listPodSandbox({}, { signal });
  const ids = new Set(pods.map(({ sandboxID }) => sandboxID));
  const own = items.filter(({ id }) => ids.has(id));
  return {
    manifests: new Set(own.flatMap(({ annotations }) => annotations[MANIFEST_ANNOTATION] ?? [])),
    uids: new Set(own.flatMap(({ metadata }) => metadata?.uid || [])),
  };
}
