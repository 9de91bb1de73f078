/** Where a registry answers, and when plain HTTP is allowed. */
import { orAborted } from '@stillframe/core';
import type { ContentOptions } from '../content.ts';
import { ociError } from '../errors.ts';
import { isRegistry } from '../reference.ts';
import type { HttpTransport } from './http.ts';

/**
 * How far a registry is trusted to be who it says. `verified`: HTTPS with a certificate that holds. `unverified`: HTTPS with
 * any certificate, and plain HTTP where nobody answers as a registry over that, as containers/image reads `insecure`.
 * `usual`: plain HTTP for loopback hosts that no certificates are laid ready for, else as verified.
 */
export type Trust = 'usual' | 'verified' | 'unverified';

/** The base URL of `registry` (host with optional port) by HTTPS. Throws ERR_OCI_REFERENCE_INVALID. */
export function secureOrigin(registry: string): URL {
  if (!isRegistry(registry)) throw ociError('ERR_OCI_REFERENCE_INVALID', `not a registry: ${registry.slice(0, 255)}`);
  // Docker's registry has another host than its name.
  return new URL(`https://${registry === 'docker.io' ? 'registry-1.docker.io' : registry}/`);
}

/** Whether the host of `url` can only be this machine. URL parsing has brought IPv4 and IPv6 into their one spelling. */
function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

/** Throws ERR_OCI_REGISTRY_PROTOCOL where going from `from` to `to` would leave encryption or HTTP. */
export function checkHop(from: URL, to: URL): void {
  const downgrade = from.protocol === 'https:' && to.protocol === 'http:';
  if (downgrade || (to.protocol !== 'https:' && to.protocol !== 'http:')) {
    throw ociError(
      'ERR_OCI_REGISTRY_PROTOCOL',
      `${from.host} sends on to ${to.protocol}//${to.host}, which is not secure`,
    );
  }
}

/** What a registry may answer to `/v2/` (distribution-spec: end-1). */
const REGISTRY = new Set([200, 401]);

/** The origin of one registry, found out at the first request. */
export class Origin {
  readonly #secure: URL;
  readonly #trust: Trust;
  readonly #transport: HttpTransport;
  #found: Promise<URL> | undefined;

  /** Throws ERR_OCI_REFERENCE_INVALID. */
  constructor(registry: string, trust: Trust, transport: HttpTransport) {
    this.#secure = secureOrigin(registry);
    this.#trust = trust;
    this.#transport = transport;
  }

  /** The base URL. An unverified registry is asked for it once; throws the errors of the transport then. */
  async url({ signal }: ContentOptions = {}): Promise<URL> {
    this.#found ??= this.#find().catch((error: unknown) => {
      // It may be there the next time.
      this.#found = undefined;
      throw error;
    });
    return orAborted(this.#found, signal);
  }

  async #find(): Promise<URL> {
    const plain = new URL(`http://${this.#secure.host}/`);
    if (this.#trust === 'unverified') return this.#probe(plain);
    const usuallyPlain = this.#trust === 'usual' && isLoopback(this.#secure);
    return usuallyPlain && !(await this.#transport.hasOwnCertificates()) ? plain : this.#secure;
  }

  /** Nothing of the caller goes along with these questions. */
  async #probe(plain: URL): Promise<URL> {
    let answered = false;
    try {
      const status = await this.#status(this.#secure);
      if (REGISTRY.has(status)) return this.#secure;
      answered = true;
    } catch {
      // Nobody speaks TLS there, or nobody is there.
    }
    try {
      const status = await this.#status(plain);
      return REGISTRY.has(status) || !answered ? plain : this.#secure;
    } catch (error) {
      if (answered) return this.#secure;
      throw error;
    }
  }

  async #status(base: URL): Promise<number> {
    const answer = await this.#transport.send({ method: 'GET', url: new URL('/v2/', base), headers: {} });
    answer.discard();
    return answer.status;
  }
}
