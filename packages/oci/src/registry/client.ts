/** A registry: its connections, its authorization, and the way to its repositories. */
import type { ContentOptions } from '../content.ts';
import { Authorizer } from './authorizer.ts';
import { type CredentialsProvider, noCredentials } from './credentials.ts';
import { HttpTransport } from './http.ts';
import { originOf } from './origin.ts';
import { RegistryRepository } from './repository.ts';
import { defaultRetry, type RetryPolicy } from './retry.ts';
import { Session } from './session.ts';

/** Options of openRegistry. */
export interface RegistryOptions {
  credentials?: CredentialsProvider | undefined;
  /** Registries, as named in references, that are reached by plain HTTP. Loopback hosts always are. */
  insecure?: readonly string[] | undefined;
  /** PEM certificates to trust in place of the system's. */
  ca?: string | undefined;
  retry?: RetryPolicy | undefined;
  /** Milliseconds without a byte until a connection counts as broken; 120,000 by default. */
  idleTimeout?: number | undefined;
  /** Bytes of one resumable part of an upload, 256 MiB by default. */
  partSize?: number | undefined;
}

/** One registry. Disposal closes its connections; its repositories are unusable then. */
export class RegistryClient implements AsyncDisposable {
  /** Host and port as in references. */
  readonly registry: string;
  readonly #transport: HttpTransport;
  readonly #session: Session;
  readonly #partSize: number;

  /** `registry` as in references. Throws ERR_OCI_REFERENCE_INVALID. Connects to nothing yet. */
  constructor(registry: string, options: RegistryOptions = {}) {
    const origin = originOf(registry, options.insecure);
    this.registry = registry;
    this.#partSize = options.partSize ?? 256 << 20;
    this.#transport = new HttpTransport(options);
    const authorizer = new Authorizer(registry, origin, options.credentials ?? noCredentials, this.#transport);
    this.#session = new Session(origin, this.#transport, authorizer, options.retry ?? defaultRetry);
  }

  /**
   * Asks whether this is a registry that lets us in (distribution-spec: end-1).
   * Throws ERR_OCI_REGISTRY_UNREACHABLE, ERR_OCI_REGISTRY_UNAUTHORIZED, ERR_OCI_REGISTRY_REFUSED and the like.
   */
  async ping(options: ContentOptions = {}): Promise<void> {
    const what = `registry ${this.registry}`;
    const answer = await this.#session.send({
      method: 'GET',
      url: '/v2/',
      purpose: { scopes: [] },
      accept: [200],
      what,
      signal: options.signal,
    });
    answer.discard();
  }

  /** A repository of this registry, as a store. Throws ERR_OCI_REFERENCE_INVALID. */
  repository(name: string): RegistryRepository {
    return new RegistryRepository(this.registry, name, this.#session, this.#partSize);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport[Symbol.dispose]();
  }
}
