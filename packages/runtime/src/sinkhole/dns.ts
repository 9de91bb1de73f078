/** DNS messages as far as a sinkhole speaks them (RFC 1035): one question in, one fixed address out. */

import { isIPv4, isIPv6 } from 'node:net';
import { viewOf } from '@stillframe/core';

export interface Question {
  id: number;
  /** Labels with dots between; bytes that are no printable ASCII stand as `\ddd` (RFC 1035, 5.1). */
  name: string;
  type: number;
  class: number;
  /** Bytes of the message up to the end of the question. */
  end: number;
  /** The second word of the header. */
  flags: number;
}

export interface Addresses {
  ipv4: string;
  /** Absent where the pod has no IPv6. */
  ipv6?: string | undefined;
}

const HEADER = 12;
const A = 1;
const AAAA = 28;
const ANY = 255;
const IN = 1;
/** Seconds for which an answer is kept. */
const TTL = 5;

/** The question of a query; undefined for what is none or has not exactly one. */
export function parseQuery(message: Uint8Array): Question | undefined {
  const view = viewOf(message);
  if (message.length < HEADER + 5) return undefined;
  const flags = view.getUint16(2);
  // An answer, or another operation than a query.
  if ((flags & 0xf800) !== 0 || view.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = message[at];
    // A question comes first, so nothing stands before it that a pointer could mean.
    if (length === undefined || length > 63 || at - HEADER > 255) return undefined;
    at += 1;
    if (length === 0) break;
    if (at + length > message.length) return undefined;
    labels.push(Array.from(message.subarray(at, at + length), characterOf).join(''));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  const name = labels.join('.') || '.';
  return { id: view.getUint16(0), flags, name, type: view.getUint16(at), class: view.getUint16(at + 2), end: at + 4 };
}

function characterOf(byte: number): string {
  const plain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c;
  return plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
}

/** The answer: the fixed address for A and AAAA, no record of any other type, never "no such name". */
export function answerTo(message: Uint8Array, question: Question, addresses: Addresses): Uint8Array {
  const { type, flags, end } = question;
  const records: Uint8Array[] = [];
  if (question.class === IN && (type === A || type === ANY)) records.push(record(A, bytes4(addresses.ipv4)));
  if (question.class === IN && (type === AAAA || type === ANY) && addresses.ipv6 !== undefined) {
    records.push(record(AAAA, bytes16(addresses.ipv6)));
  }
  const head = Buffer.alloc(HEADER);
  head.writeUInt16BE(question.id, 0);
  // Response, authoritative, recursion available; recursion desired as asked.
  head.writeUInt16BE(0x8480 | (flags & 0x0100), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, message.subarray(HEADER, end), ...records]);
}

/** A record for the name of the question, to which its first two bytes point. */
function record(type: number, data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | HEADER, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(IN, 4);
  head.writeUInt32BE(TTL, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function bytes4(address: string): Uint8Array {
  if (!isIPv4(address)) throw new TypeError(`${address} is no IPv4 address`);
  return Uint8Array.from(address.split('.').map(Number));
}

function bytes16(address: string): Uint8Array {
  if (!isIPv6(address) || address.includes('.')) throw new TypeError(`${address} is no IPv6 address`);
  const [head = '', tail] = address.split('::');
  const words = (text: string) => text.split(':').filter(Boolean);
  const [first, last] = [words(head), words(tail ?? '')];
  const zeroes = Array.from({ length: 8 - first.length - last.length }, () => '0');
  const bytes = Buffer.alloc(16);
  for (const [index, word] of [...first, ...zeroes, ...last].entries()) {
    bytes.writeUInt16BE(Number.parseInt(word, 16), 2 * index);
  }
  return bytes;
}
