/** Telling how long calls take and how they end, for the metrics of a node. */
import { statusOf } from './grpc/status.ts';

/** One call that has ended. */
export interface EndedCall {
  /** As in the proto file, with a small letter first: `runPodSandbox`. */
  readonly method: string;
  readonly seconds: number;
  /** gRPC status code; 0 is success. */
  readonly code: number;
}

type Handler = (request: never, context: never) => unknown;

/** `handler` that reports each of its calls. */
export function observed(method: string, handler: Handler, ended: (call: EndedCall) => void): Handler {
  return (request, context) => {
    const began = performance.now();
    const report = (error?: unknown) => {
      const code = error === undefined ? 0 : statusOf(error).code;
      ended({ method, seconds: (performance.now() - began) / 1000, code });
    };
    const answer = handler(request, context);
    if (isStream(answer)) return observedStream(answer, report);
    return Promise.resolve(answer).then(
      (value) => {
        report();
        return value;
      },
      (error) => {
        report(error);
        throw error;
      },
    );
  };
}

async function* observedStream(stream: AsyncIterable<unknown>, report: (error?: unknown) => void) {
  try {
    yield* stream;
  } catch (error) {
    report(error);
    throw error;
  }
  report();
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
