/** The `timeout` parameter of the checkpoint API. */
import { kubeletError } from '../errors.ts';

/** Seconds of a capture whose request says nothing: kubelet's runtimeRequestTimeout. */
const DEFAULT_SECONDS = 120;
/** Seconds beyond which a request is given no more: a day. */
export const MOST_SECONDS = 86_400;

const INT64_MAX = 2n ** 63n - 1n;

/**
 * The seconds that a query asks for: signed decimal, the last `timeout` counts and no other is looked at, 0 or none means
 * 120. Undefined where it is no 64-bit integer. Unlike a kubelet, which raises anything shorter to 120, a shorter time is
 * honoured.
 */
export function parseTimeout(query: URLSearchParams): bigint | undefined {
  const text = query.getAll('timeout').at(-1);
  if (text === undefined) return BigInt(DEFAULT_SECONDS);
  if (!/^[+-]?[0-9]{1,30}$/.test(text)) return undefined;
  const seconds = BigInt(text.replace('+', ''));
  if (seconds > INT64_MAX || seconds < -INT64_MAX - 1n) return undefined;
  return seconds === 0n ? BigInt(DEFAULT_SECONDS) : seconds;
}

/** The same as a number that timers can take, at most a day. Throws ERR_KUBELET_TIME_NEGATIVE in kubelet's words. */
export function boundedTimeout(seconds: bigint): number {
  if (seconds < 0n) {
    const text = 'CheckpointContainer requires the timeout value to be > 0';
    throw kubeletError('ERR_KUBELET_TIME_NEGATIVE', text);
  }
  return Number(seconds > BigInt(MOST_SECONDS) ? BigInt(MOST_SECONDS) : seconds);
}
