/** Fields of CRIU messages that may not be recorded: an absent one reads as zero, which is a statement nobody made. */

/** The value of a field where the image holds it; undefined where it does not. */
export function recorded<M extends object, K extends keyof M>(message: M, field: K): M[K] | undefined {
  // A field that was not read stands in the prototype of the message only, with the zero of its type.
  return Object.hasOwn(message, field) ? message[field] : undefined;
}
