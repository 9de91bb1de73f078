/** Errors of requests that this node cannot serve. */
import { serverError } from '../errors.ts';

/** The error of a request that lacks what the CRI demands of it. */
export function invalidRequest(message: string) {
  return serverError('ERR_CRI_REQUEST_INVALID', message);
}

/** `value`, or the error of a request that lacks `what`. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined || value === '') throw invalidRequest(`attribute "${what}" missing`);
  return value;
}
