/** Telling plugins of what happens to pods and containers. */
import { messageOf } from '@stillframe/core';
import { Event, type PodInit, type TellingEvent } from '@stillframe/nri';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord, Resources, SandboxRecord } from '../store/records.ts';
import { limitsView } from './limits.ts';
import { containerView, podView } from './views.ts';

type Told = SandboxRecord | ContainerRecord;

/** A plugin may refuse: throws ERR_NRI_REFUSED. */
export async function tellPlugins(context: NodeContext, event: TellingEvent, what: Told): Promise<void> {
  if (context.plugins.names.length === 0) return;
  if (!('sandboxID' in what)) return context.plugins.tell(event, podView(what));
  await context.plugins.tell(event, podOf(context, what), await containerView(context, what));
}

/** What is done is done: a plugin that refuses is logged. */
export async function informPlugins(context: NodeContext, event: TellingEvent, what: Told): Promise<void> {
  await logged(context, what.id, () => tellPlugins(context, event, what));
}

/** The pod of a container; its id alone where its record is gone. */
export function podOf(context: NodeContext, { sandboxID }: ContainerRecord): PodInit {
  const sandbox = context.sandboxes.get(sandboxID);
  return sandbox ? podView(sandbox) : { id: sandboxID };
}

/** Does what plugins have no say in. */
export async function logged(context: NodeContext, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.logger.log('warn', 'an NRI plugin disagrees', { id, reason: messageOf(error) });
  }
}

/** UpdatePodSandboxResources: told before and after; nothing of it is this node's to do. Throws ERR_NRI_REFUSED. */
export async function tellPodResources(
  context: NodeContext,
  sandbox: SandboxRecord,
  overhead: Resources | undefined,
  resources: Resources | undefined,
): Promise<void> {
  if (context.plugins.names.length === 0) return;
  const [more, all] = [overhead && limitsView(overhead), resources && limitsView(resources)];
  await context.plugins.updatePod(podView(sandbox), more, all);
  await informPlugins(context, Event.POST_UPDATE_POD_SANDBOX, sandbox);
}
