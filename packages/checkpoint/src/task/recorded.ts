/** Telling a field that CRIU left out from one that it wrote: a message gives the default of its type for both. */

/** The field where the image has it; undefined where it has not. For scalar fields of `optional` kind. */
export function recorded<M extends object, K extends keyof M>(message: M, field: K): M[K] | undefined {
  return Object.hasOwn(message, field) ? message[field] : undefined;
}
