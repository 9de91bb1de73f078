/**
 * ttrpc (containerd/ttrpc, PROTOCOL.md): remote calls with one request and one answer each, told apart by a stream id
 * that the caller counts up in odd numbers. Streams of data are not served; NRI has none.
 */
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { messageOf } from '@stillframe/core';
import { nriError } from './errors.ts';
import { FrameCutter, type FrameFormat } from './frames.ts';
import { RequestSchema, ResponseSchema } from './gen/ttrpc_pb.ts';

/** Bytes of a message, as both ends of the protocol bound it. */
export const MESSAGE_LIMIT = 4 << 20;
const HEADER = 10;
const MESSAGE: FrameFormat = { name: 'ttrpc message', header: HEADER, lengthAt: 0, limit: MESSAGE_LIMIT };

const REQUEST = 1;
const RESPONSE = 2;

/** gRPC status codes that are told apart here. */
const UNKNOWN = 2;
const UNIMPLEMENTED = 12;

/** Calls of one peer that may be under way at once. */
const CALLS = 64;

/** Sends bytes over a connection of the multiplexer. */
export type Send = (bytes: Buffer) => void;

/** Throws ERR_NRI_TOO_LARGE. */
function messageFrame(streamID: number, type: number, data: Uint8Array): Buffer {
  if (data.length > MESSAGE_LIMIT) {
    throw nriError(
      'ERR_NRI_TOO_LARGE',
      `a ttrpc message of ${data.length} bytes; at most ${MESSAGE_LIMIT} are allowed`,
    );
  }
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(data.length, 0);
  header.writeUInt32BE(streamID, 4);
  header.writeUInt8(type, 8);
  return Buffer.concat([header, data]);
}

/** The peer's answer was an error: it lives and says no. */
function refusal(method: string, code: number, message: string) {
  const unknown = code === UNIMPLEMENTED;
  return nriError('ERR_NRI_REFUSED', `${method}: ${message || `status ${code}`}`, { details: { code, unknown } });
}

interface Waiting {
  method: string;
  resolve(payload: Uint8Array): void;
  reject(error: unknown): void;
}

/** The calling end of a connection. */
export class TtrpcClient {
  readonly #send: Send;
  readonly #messages = new FrameCutter(MESSAGE);
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #failure: unknown;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Takes bytes from the peer. Throws ERR_NRI_PROTOCOL. */
  receive(bytes: Buffer): void {
    for (const { header, data } of this.#messages.cut(bytes)) {
      if (header.readUInt8(8) !== RESPONSE) throw nriError('ERR_NRI_PROTOCOL', 'a ttrpc message that is no response');
      const id = header.readUInt32BE(4);
      const waiting = this.#waiting.get(id);
      // Nobody waits any more: the call has timed out.
      if (!waiting) continue;
      this.#waiting.delete(id);
      const { status, payload } = decoded(ResponseSchema, data);
      if (status && status.code !== 0) waiting.reject(refusal(waiting.method, status.code, status.message));
      else waiting.resolve(payload);
    }
  }

  /**
   * `timeout`: milliseconds. Throws ERR_NRI_REFUSED for an error of the peer (`details.code`), ERR_NRI_TIMEOUT,
   * ERR_NRI_TOO_LARGE, ERR_NRI_PROTOCOL for an answer that is none, and what the connection failed with.
   */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    timeout: number,
  ): Promise<MessageShape<O>> {
    if (this.#failure !== undefined) throw this.#failure;
    const message = create(RequestSchema, {
      service: method.parent.typeName,
      method: method.name,
      payload: toBinary(method.input, create(method.input, request)),
      timeoutNano: BigInt(timeout) * 1_000_000n,
    });
    const id = this.#next;
    const frame = messageFrame(id, REQUEST, toBinary(RequestSchema, message));
    this.#next += 2;
    let timer: NodeJS.Timeout | undefined;
    try {
      const payload = await new Promise<Uint8Array>((resolve, reject) => {
        this.#waiting.set(id, { method: method.name, resolve, reject });
        const late = () => reject(nriError('ERR_NRI_TIMEOUT', `${method.name}: no answer within ${timeout} ms`));
        timer = setTimeout(late, timeout);
        this.#send(frame);
      });
      return decoded(method.output, payload);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Every call that waits, and every later one, fails with `error`. */
  fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Answers one method: encoded messages both ways. What it throws becomes the status of the answer. */
export type TtrpcHandler = (payload: Uint8Array) => Promise<Uint8Array>;

/** The handler of `method`, by the name under which a server has it. */
export function handled<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  handler: (request: MessageShape<I>) => Promise<MessageInitShape<O>>,
): [name: string, TtrpcHandler] {
  const answer: TtrpcHandler = async (payload) => {
    const response = await handler(decoded(method.input, payload));
    return toBinary(method.output, create(method.output, response));
  };
  return [`${method.parent.typeName}/${method.name}`, answer];
}

/** The answering end of a connection. */
export class TtrpcServer {
  readonly #send: Send;
  readonly #messages = new FrameCutter(MESSAGE);
  readonly #handlers: ReadonlyMap<string, TtrpcHandler>;
  #underWay = 0;

  constructor(send: Send, handlers: Iterable<[string, TtrpcHandler]>) {
    this.#send = send;
    this.#handlers = new Map(handlers);
  }

  /** Takes bytes from the peer. Throws ERR_NRI_PROTOCOL, also for more calls at once than anyone needs. */
  receive(bytes: Buffer): void {
    for (const { header, data } of this.#messages.cut(bytes)) {
      if (header.readUInt8(8) !== REQUEST) throw nriError('ERR_NRI_PROTOCOL', 'a ttrpc message that is no request');
      if (this.#underWay >= CALLS) throw nriError('ERR_NRI_PROTOCOL', `more than ${CALLS} calls at once`);
      this.#underWay++;
      void this.#answer(header.readUInt32BE(4), decoded(RequestSchema, data));
    }
  }

  async #answer(id: number, { service, method, payload }: MessageShape<typeof RequestSchema>): Promise<void> {
    const handler = this.#handlers.get(`${service}/${method}`);
    let response: MessageInitShape<typeof ResponseSchema>;
    try {
      response = handler
        ? { status: { code: 0 }, payload: await handler(payload) }
        : { status: { code: UNIMPLEMENTED, message: `no method ${service}/${method} here` } };
    } catch (error) {
      response = { status: { code: UNKNOWN, message: messageOf(error) } };
    }
    this.#underWay--;
    this.#send(messageFrame(id, RESPONSE, toBinary(ResponseSchema, create(ResponseSchema, response))));
  }
}

function decoded<T extends DescMessage>(schema: T, bytes: Uint8Array): MessageShape<T> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw nriError('ERR_NRI_PROTOCOL', `what should be a ${schema.name} is none: ${messageOf(cause)}`, { cause });
  }
}
