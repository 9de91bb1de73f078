/** System V IPC of a checkpoint: as any document can hold it, and as nodes of the tree. */
import type { IpcMessage, IpcNamespace, IpcObject, MessageQueue, SharedSegment } from '@stillframe/checkpoint';
import { harmless, hexAddress } from '@stillframe/core';
import type { TreeNode } from '../display/tree.ts';
import { rowsNode } from './rows.ts';

/** A message with its bytes as text. */
export type MessageView = Omit<IpcMessage, 'content'> & { base64: string };

/** An IPC namespace with addresses as `0x…` and messages as base64. */
export type IpcView = Omit<IpcNamespace, 'segments' | 'queues'> & {
  segments: (Omit<SharedSegment, 'attached'> & { attached: { pid: number; start: string; end: string }[] })[];
  queues: (Omit<MessageQueue, 'messages'> & { messages: MessageView[] })[];
};

export function ipcView({ segments, queues, ...namespace }: IpcNamespace): IpcView {
  return {
    ...namespace,
    segments: segments.map(({ attached, ...segment }) => ({
      ...segment,
      attached: attached.map(({ pid, start, end }) => ({ pid, start: hexAddress(start), end: hexAddress(end) })),
    })),
    queues: queues.map(({ messages, ...queue }) => ({
      ...queue,
      messages: messages.map(({ content, ...message }) => ({
        ...message,
        base64: Buffer.from(content).toString('base64'),
      })),
    })),
  };
}

/** Values and characters that one line holds. */
const SHOWN = 80;

/** One node a namespace that holds anything. */
export function ipcNodes(namespaces: readonly IpcView[]): readonly TreeNode[] {
  return namespaces.map(({ id, segments, semaphores, queues }) => ({
    label: `IPC namespace ${id}`,
    children: [
      rowsNode('Shared memory', segments, ({ bytes, attached, ...object }) => {
        const places = attached.slice(0, 12).map(({ pid, start }) => `${pid} at ${start}`);
        return `${objectText(object)}  ${bytes} bytes  mapped by ${places.join(', ') || 'none'}`;
      }),
      rowsNode('Semaphores', semaphores, ({ count, values, ...object }) => {
        const shown = values.slice(0, SHOWN).join(', ');
        return `${objectText(object)}  ${shown}${count > SHOWN ? `, … (${count})` : ''}`;
      }),
      {
        label: `Message queues (${queues.length})`,
        children: queues
          .slice(0, 200)
          .map(({ messages, ...object }) => rowsNode(`${objectText(object)}  messages`, messages, messageLine)),
      },
    ],
  }));
}

function objectText({ id, key, uid, gid, mode }: IpcObject): string {
  const name = key === 0 ? 'private' : `key 0x${key.toString(16)}`;
  return `${name}  id ${id}  ${mode.toString(8).padStart(4, '0')}  ${uid}:${gid}`;
}

function messageLine({ type, size, base64 }: MessageView): string {
  // Four characters of base64 are three bytes.
  const text = new TextDecoder().decode(Buffer.from(base64.slice(0, 4 * SHOWN), 'base64').subarray(0, SHOWN));
  return `type ${type}  ${size} bytes  ${harmless(text)}${size > SHOWN ? '…' : ''}`;
}
