/** A registry: its connections, its authorization, and the way to its repositories. */
import type { ContentOptions } from '../content.ts';
import { Authorizer } from './authorizer.ts';
import { type CredentialsProvider, noCredentials } from './credentials.ts';
import { type Certificates, HttpTransport } from './http.ts';
import { Origin, secureOrigin, type Trust } from './origin.ts';
import { RegistryRepository, type Uploading } from './repository.ts';
import { defaultRetry, type RetryPolicy } from './retry.ts';
import { Session } from './session.ts';
import type { UploadLedger } from './upload-ledger.ts';

/** Options of openRegistry. */
export interface RegistryOptions {
  credentials?: CredentialsProvider | undefined;
  /** `usual` by default. */
  trust?: Trust | undefined;
  /** Certificates to trust and to show; asked once, where TLS is spoken. Those that Node.js trusts by default. */
  certificates?: (() => Promise<Certificates>) | undefined;
  retry?: RetryPolicy | undefined;
  /** Milliseconds without a byte until a connection counts as broken; 120,000 by default. */
  idleTimeout?: number | undefined;
  /** Bytes of an answer that must come in each `idleTimeout` of waiting for them; 65,536 by default. */
  leastBytes?: number | undefined;
  /** Bytes of one resumable part of an upload, 16 MiB by default. */
  partSize?: number | undefined;
  /** Remembers uploads in parts beyond this process. */
  uploads?: UploadLedger | undefined;
}

/** One registry. Disposal closes its connections; its repositories are unusable then. */
export class RegistryClient implements AsyncDisposable {
  /** Host and port as in references. */
  readonly registry: string;
  readonly #transport: HttpTransport;
  readonly #session: Session;
  readonly #uploading: Uploading;

  /** `registry` as in references. Throws ERR_OCI_REFERENCE_INVALID. Connects to nothing yet. */
  constructor(registry: string, options: RegistryOptions = {}) {
    const { trust = 'usual', certificates, idleTimeout, leastBytes } = options;
    this.registry = registry;
    this.#uploading = { partSize: options.partSize ?? 16 << 20, ledger: options.uploads };
    const { host: ownHost } = secureOrigin(registry);
    const unverified = trust === 'unverified';
    this.#transport = new HttpTransport({ certificates, idleTimeout, leastBytes, ownHost, unverified });
    const origin = new Origin(registry, trust, this.#transport);
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
    return new RegistryRepository(this.registry, name, this.#session, this.#uploading);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport[Symbol.dispose]();
  }
}
