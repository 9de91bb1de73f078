/** What crit makes of the payload behind a message: the member `extra` of an entry, by kind. */
import { type ByteSource, readAll, viewOf } from '@stillframe/core';
import type { ImageEntry } from '../decode.ts';
import { type KindName, kindNamed } from '../kinds.ts';
import type { ghost_file_entry, ipc_msg, ipc_sem_entry, ipc_shm_entry } from '../proto.ts';
import { shapeOf } from '../wire/shape.ts';
import { Base64, base64Lines, type Json, type JsonObject } from './json-text.ts';
import { type JsonStyle, messageToJson } from './message-to-json.ts';

/** A value that is JSON but for bytes that are still to be read. */
export type Extra = Json | Base64 | readonly (Json | Base64)[] | { readonly [name: string]: Base64 };

/** Name under which exact JSON keeps padding that is not zero; crit leaves it out. */
export const PADDING = 'padding';
/** Bytes of the values of one set of semaphores: SEMMSL of Linux is 32,000 unless it is raised. */
const SEMAPHORES = 16 << 20;

/** Entry and members as decodeImage gives them, one after the other. */
export interface EntryGroup {
  entry: ImageEntry;
  members: readonly ImageEntry[];
}

/** The payload in crit's shape; undefined where there is none. Where crit has no shape of its own for it: all its bytes. */
export async function extraOf(kind: KindName, group: EntryGroup, style: JsonStyle): Promise<Extra | undefined> {
  const { payload, message, role } = group.entry;
  const part = (...names: string[]) =>
    new Base64(names.map((name) => payload[name]).filter((source) => source !== undefined));
  switch (kind) {
    case 'tcp-stream':
      return { inq: part('received'), outq: part('sent') };
    case 'ghost-file':
      // In chunks the content stands with them; otherwise with the head, also where there is none.
      return role === 'entry' || !(message as ghost_file_entry).chunks ? part('data') : undefined;
    case 'ipcns-sem':
      return payload['values'] && semaphores(await readAll(payload['values'], { limit: SEMAPHORES }));
    case 'ipcns-msg':
      return messages(group, style);
    default:
      return role === 'entry' && hasPayload(kind) ? new Base64(Object.values(payload)) : undefined;
  }
}

/** How many bytes `extra` stands for, as crit counts them; undefined where it prints nothing for it. */
export function extraSize(kind: KindName, { entry, members }: EntryGroup): bigint | undefined {
  const { message, payload } = entry;
  const sum = () => Object.values(payload).reduce((total, { size }) => total + BigInt(size), 0n);
  if (kind === 'ghost-file') return undefined;
  if (kind === 'ipcns-shm') return (message as ipc_shm_entry).size;
  if (kind === 'ipcns-sem') return BigInt((message as ipc_sem_entry).nsems) * 2n;
  if (kind === 'ipcns-msg') {
    const frames = members.map((member) => BigInt(member.size + (member.message as ipc_msg).msize));
    return frames.reduce((total, size) => total + size, 0n);
  }
  return hasPayload(kind) ? sum() : undefined;
}

/** Whether bytes follow the entries of a kind. */
function hasPayload(kind: KindName): boolean {
  const row = kindNamed(kind);
  return row.form === 'framed' && row.payload !== undefined;
}

/** Padding as base64, in exact JSON alone, where any of it is not zero. */
export async function paddingText(
  padding: Readonly<Record<string, ByteSource>>,
  { exact, onLoss }: JsonStyle,
): Promise<string | undefined> {
  for (const source of Object.values(padding)) {
    const bytes = await readAll(source, { limit: 64 });
    if (bytes.every((byte) => byte === 0)) continue;
    if (exact) return base64Lines(bytes);
    onLoss?.();
  }
  return undefined;
}

function semaphores(bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length >> 1 }, (_, i) => view.getUint16(i * 2, true));
}

/** Message and text by turns; never pretty, as crit has it. */
async function messages({ members }: EntryGroup, style: JsonStyle): Promise<(Json | Base64)[]> {
  const list: (Json | Base64)[] = [];
  for (const { message, payload, padding } of members) {
    const json: JsonObject = messageToJson(shapeOf('ipc_msg'), message, { ...style, pretty: false });
    const filling = await paddingText(padding, style);
    list.push(filling === undefined ? json : { ...json, [PADDING]: filling });
    list.push(new Base64(Object.values(payload)));
  }
  return list;
}
