/** Messages of the WebSocket sub-protocols: one byte for the channel, then the bytes, whole or as base64. */
import type { WebSocketCommand } from '../protocols.ts';

export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
/** Since version 5: the payload is the channel that the sender ends. */
const CLOSE = 255;

export type ClientMessage =
  | { kind: 'data'; channel: number; data: Buffer }
  /** The client sends no more on `channel`. */
  | { kind: 'close'; channel: number };

/** What a client's message says; undefined for one that is empty or no message of the protocol, which is passed over. */
export function decodeMessage(message: Uint8Array, protocol: WebSocketCommand): ClientMessage | undefined {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const [first] = bytes;
  if (first === undefined) return undefined;
  if (isBase64(protocol)) {
    // The channel is a digit here, so that the message is text.
    return { kind: 'data', channel: first - 0x30, data: Buffer.from(bytes.toString('latin1', 1), 'base64') };
  }
  if (first !== CLOSE || protocol !== 'v5.channel.k8s.io')
    return { kind: 'data', channel: first, data: bytes.subarray(1) };
  const [, channel] = bytes;
  return channel === undefined ? undefined : { kind: 'close', channel };
}

/** A message for the client: text for base64, binary otherwise. */
export function encodeMessage(channel: number, data: Uint8Array, protocol: WebSocketCommand): string | Buffer {
  if (isBase64(protocol)) return `${channel}${Buffer.from(data).toString('base64')}`;
  return Buffer.concat([Buffer.from([channel]), data]);
}

function isBase64(protocol: WebSocketCommand): boolean {
  return protocol.includes('base64');
}
