/** Telling a plugin that joins what is there, in as many messages as that needs. */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { nriError } from './errors.ts';
import { ContainerSchema, type ContainerUpdate, Plugin, PodSandboxSchema } from './proto.ts';
import type { PluginSession } from './session.ts';
import { MESSAGE_LIMIT } from './ttrpc.ts';

/** Bytes left for what stands around the pods and containers of a message. */
const ROOM = 4096;
/** Bytes of a field's number and length before each of them. */
const EACH = 8;

interface State {
  pods: MessageInitShape<typeof PodSandboxSchema>[];
  containers: MessageInitShape<typeof ContainerSchema>[];
}

/** Gives what the plugin wants changed. Throws ERR_NRI_REFUSED, and ERR_NRI_CLOSED for one that knows no parts. */
export async function synchronize(session: PluginSession, state: State, timeout: number): Promise<ContainerUpdate[]> {
  const parts = partsOf(state, MESSAGE_LIMIT - ROOM);
  for (const [index, part] of parts.entries()) {
    const more = index < parts.length - 1;
    const answer = await session.call(Plugin.method.synchronize, { ...part, more }, timeout);
    if (!answer) throw nriError('ERR_NRI_CLOSED', `${session.name} was closed while it was synchronized`);
    if (!more) return answer.update;
    if (answer.update.length > 0 || !answer.more) {
      session.close('it takes no state in parts');
      throw nriError('ERR_NRI_CLOSED', `${session.name} takes no state in parts, and one message is too small for it`);
    }
  }
  return [];
}

/** At least one part, each below `limit` bytes as far as its members let it. */
function partsOf({ pods, containers }: State, limit: number): State[] {
  let part: State = { pods: [], containers: [] };
  const parts = [part];
  let size = 0;
  const fit = (bytes: number) => {
    if (size > 0 && size + bytes > limit) {
      part = { pods: [], containers: [] };
      parts.push(part);
      size = 0;
    }
    size += bytes;
  };
  for (const pod of pods) {
    fit(toBinary(PodSandboxSchema, create(PodSandboxSchema, pod)).length + EACH);
    part.pods.push(pod);
  }
  for (const container of containers) {
    fit(toBinary(ContainerSchema, create(ContainerSchema, container)).length + EACH);
    part.containers.push(container);
  }
  return parts;
}
