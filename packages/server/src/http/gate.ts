/** Who may ask: only the page itself, in the browser that was given the token. Everything else is refused before it is read. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { deskError } from '../errors.ts';

const BYTES = 32;

/** Tokens of one desk: the one in its address works once and is changed for a session, which a cookie keeps. */
export class Gate {
  readonly #port: number;
  #token: string | undefined = randomBytes(BYTES).toString('base64url');
  #session: string | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** To be put behind the `#` of the address, which browsers send nowhere. Undefined once it was used. */
  get token(): string | undefined {
    return this.#token;
  }

  /**
   * Throws ERR_DESK_HOST for a name that is not this machine's own (DNS rebinding gives a stranger's page such a one), and
   * ERR_DESK_ORIGIN for a request that another page makes.
   */
  demandOwn({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): void {
    const { host = '', origin } = headers;
    // Browsers leave out the port that HTTP has anyway.
    const port = this.#port === 80 ? '' : `:${this.#port}`;
    const hosts = ['127.0.0.1', 'localhost'].map((name) => name + port);
    if (!hosts.includes(host)) throw deskError('ERR_DESK_HOST', 'the desk does not go by that name');
    if (origin !== undefined && origin !== `http://${host}`)
      throw deskError('ERR_DESK_ORIGIN', 'the request was made by another page');
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      throw deskError('ERR_DESK_ORIGIN', 'the request was made by another page');
    const isDone = method === 'POST' || headers.upgrade !== undefined;
    if (isDone && origin === undefined)
      throw deskError('ERR_DESK_ORIGIN', 'what is posted or stays connected must say which page it is of');
  }

  /** Changes the token for a session and gives the cookie. Throws ERR_DESK_TOKEN. */
  enter(token: string): string {
    if (this.#token === undefined) throw deskError('ERR_DESK_TOKEN', 'the token was used before');
    if (!isSame(token, this.#token)) throw deskError('ERR_DESK_TOKEN', 'the token is not that of this desk');
    this.#token = undefined;
    this.#session = randomBytes(BYTES).toString('base64url');
    return `${this.#cookie}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Throws ERR_DESK_TOKEN where the request has no session of this desk. */
  demandSession({ headers }: IncomingMessage): void {
    const cookies = (headers.cookie ?? '').split(';').map((each) => each.trim());
    const mine = cookies.filter((each) => each.startsWith(`${this.#cookie}=`));
    const session = this.#session;
    const holds = mine.some((each) => session !== undefined && isSame(each.slice(this.#cookie.length + 1), session));
    if (!holds) throw deskError('ERR_DESK_TOKEN', 'the browser has no session of this desk');
  }

  /** Browsers keep cookies by name and host, whatever the port: two desks must not take each other's. */
  get #cookie(): string {
    return `stillframe-desk-${this.#port}`;
  }
}

/** In the same time whatever they are. */
function isSame(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
