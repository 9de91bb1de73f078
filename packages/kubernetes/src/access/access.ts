/** How a cluster is spoken to: where its API server is, and what proves who asks. */
import type { Agent } from 'node:http';
import type { SecureContextOptions } from 'node:tls';

/** What goes with one request: TLS, headers, and the agent where a proxy stands in between. */
export interface Credentials extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> {
  readonly agent?: Agent | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** One context of a kubeconfig. */
export interface ClusterAccess {
  /** URL without a last slash; may have a path. */
  readonly server: string;
  /** The context's name, for people and evidence. */
  readonly context: string;
  /** The namespace that is meant where none is named. */
  readonly kubeNamespace: string;
  /**
   * What the next request needs; asked before each, since tokens expire and programs renew them. Throws
   * ERR_CLUSTER_CREDENTIALS.
   */
  credentials(): Promise<Credentials>;
}
