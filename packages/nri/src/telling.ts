/** Events that ask nothing of a plugin but that it may refuse, and plugins that do not know them. */
import type { DescMessage, DescMethodUnary, MessageInitShape } from '@bufbuild/protobuf';
import { StillframeError } from '@stillframe/core';
import { type ContainerSchema, Event, Plugin, type PodSandboxSchema } from './proto.ts';
import type { PluginSession } from './session.ts';

/** Events that change nothing, with what they are called. */
const TELLING = {
  [Event.RUN_POD_SANDBOX]: Plugin.method.runPodSandbox,
  [Event.POST_UPDATE_POD_SANDBOX]: Plugin.method.postUpdatePodSandbox,
  [Event.STOP_POD_SANDBOX]: Plugin.method.stopPodSandbox,
  [Event.REMOVE_POD_SANDBOX]: Plugin.method.removePodSandbox,
  [Event.POST_CREATE_CONTAINER]: Plugin.method.postCreateContainer,
  [Event.START_CONTAINER]: Plugin.method.startContainer,
  [Event.POST_START_CONTAINER]: Plugin.method.postStartContainer,
  [Event.POST_UPDATE_CONTAINER]: Plugin.method.postUpdateContainer,
  [Event.REMOVE_CONTAINER]: Plugin.method.removeContainer,
} as const;

/** Events that plugins are told of and that ask nothing of them. */
export type TellingEvent = keyof typeof TELLING;

/** Plugins of older releases have one call for all these events. */
export async function tellOne(
  session: PluginSession,
  event: TellingEvent,
  request: { pod: MessageInitShape<typeof PodSandboxSchema>; container?: MessageInitShape<typeof ContainerSchema> },
) {
  const method: DescMethodUnary<DescMessage, DescMessage> = TELLING[event];
  try {
    await session.call(method, request);
  } catch (error) {
    if (!isUnknown(error)) throw error;
    await withoutUnknown(session.call(Plugin.method.stateChange, { event, ...request }));
  }
}

/** Whether the plugin does not have the method. */
const isUnknown = (error: unknown) => StillframeError.is(error) && error.details['unknown'] === true;

/** A method that the plugin does not have has nothing to say. */
export async function withoutUnknown<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw error;
  }
}
