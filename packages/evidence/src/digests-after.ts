/** What a statement says where somebody else wrote the archive: digests came after it, and of the pause little is known. */
import { at } from '@stillframe/core';

export interface DigestsAfter {
  taken: 'after-writing';
  by: { user: string; host: string; tool: string };
  /** When reading began and ended, RFC 3339. */
  at: string;
  until: string;
  /** When the archive was last changed, as its filesystem says; RFC 3339. */
  writtenAt: string;
  /** Microseconds from there to the beginning of the reading: what was done to it between, without that time, nobody saw. */
  after: number;
}

/** A pause that the runtime does not tell. */
export interface UntoldPause {
  truePause: null;
  /** Microseconds from asking the runtime to its answer, of which it stood still for a part; null where not even that is known. */
  atMost: number | null;
}

/** Nothing for what does not say all of it. */
export function decodeDigestsAfter(value: unknown): { digests?: DigestsAfter } {
  const texts = ['at', 'until', 'writtenAt'].map((key) => at(value, key));
  const [user, host, tool] = ['user', 'host', 'tool'].map((key) => at(value, 'by', key));
  const after = at(value, 'after');
  if (at(value, 'taken') !== 'after-writing' || typeof after !== 'number') return {};
  if (typeof user !== 'string' || typeof host !== 'string' || typeof tool !== 'string') return {};
  const [begin, until, writtenAt] = texts.filter((text) => typeof text === 'string');
  if (begin === undefined || until === undefined || writtenAt === undefined) return {};
  return { digests: { taken: 'after-writing', by: { user, host, tool }, at: begin, until, writtenAt, after } };
}
