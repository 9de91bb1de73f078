/** What a rule asks for that is not judged here: said by name, and the rule is skipped. */

/** Raw text of the rule may be in the message. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

/** A text of a rule, short enough for a message. */
export function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}
