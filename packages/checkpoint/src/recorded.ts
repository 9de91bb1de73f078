/** Telling a field that CRIU left out from one that it wrote: a message gives the zero of its type for both. */

/** The field where the image has it; undefined where it has not. For scalar fields of `optional` kind. */
export function recorded<M extends object, K extends keyof M>(message: M, field: K): M[K] | undefined {
  // A field that was not read stands in the prototype of the message only.
  return Object.hasOwn(message, field) ? message[field] : undefined;
}
