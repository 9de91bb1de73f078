/** How long a capture may take. */
import { runtimeError } from '../errors.ts';

/** A signal that aborts with `signal`, or with ERR_CHECKPOINT_TIMEOUT once `seconds` are over. Disposing ends the watch. */
export function limitTime(seconds: number | undefined, signal?: AbortSignal | undefined) {
  if (seconds === undefined) return { signal, [Symbol.dispose]: () => undefined };
  const late = new AbortController();
  const reason = runtimeError('ERR_CHECKPOINT_TIMEOUT', `the checkpoint was not done within ${seconds} s`);
  const timer = setTimeout(() => late.abort(reason), seconds * 1000);
  const both = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  return { signal: both as AbortSignal | undefined, [Symbol.dispose]: () => clearTimeout(timer) };
}
