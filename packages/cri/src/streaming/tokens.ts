/** Addresses for one use: what a client asked for over gRPC, until it calls for it over HTTP. */
import { randomBytes } from 'node:crypto';

/** Milliseconds in which a token must be used. */
export const TOKEN_LIFE = 60_000;
/** Requests that may wait at once. */
const MOST = 1000;

export class Tokens<Request> {
  readonly #waiting = new Map<string, { request: Request; until: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Keeps `request` for a minute; undefined where too many wait already. */
  issue(request: Request): string | undefined {
    const now = this.#now();
    // In order of their making, so the first that is still good ends the search.
    for (const [token, { until }] of this.#waiting) {
      if (until > now) break;
      this.#waiting.delete(token);
    }
    if (this.#waiting.size >= MOST) return undefined;
    const token = randomBytes(24).toString('base64url');
    this.#waiting.set(token, { request, until: now + TOKEN_LIFE });
    return token;
  }

  /** What `token` stands for, the first time it is asked within a minute. */
  take(token: string): Request | undefined {
    const found = this.#waiting.get(token);
    this.#waiting.delete(token);
    return found && found.until > this.#now() ? found.request : undefined;
  }
}
