/** What a server is told, and whom it asks for that. */
import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { Logger } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { AccessReviewer } from './access/access-review.ts';
import { openRulesFile } from './access/rules.ts';
import type { AuditLogOptions } from './audit/audit-log.ts';
import { openTokenFile } from './auth/token-file.ts';
import { TokenReviewer } from './auth/token-review.ts';
import type { CheckpointRecord } from './checkpoint/capture.ts';
import { apiServerOf } from './cluster/api-server.ts';
import { readKubeconfig } from './cluster/kubeconfig.ts';
import { kubeletError } from './errors.ts';
import type { Gate } from './http/admission.ts';
import type { EndedRequest } from './http/exchange.ts';
import { type Rate, TokenBuckets } from './limits/token-bucket.ts';
import { routesOf } from './routes/index.ts';
import type { MetricsText } from './routes/route.ts';
import type { PodDocument } from './supervise/supervisor.ts';

/** Who may prove a name, beside the clients whose certificate the node's own authority has signed. */
export interface AuthenticationOptions {
  /** Absolute path of a further authority for clients, PEM. */
  readonly clientAuthority?: string | undefined;
  /** Absolute path of a token file in the format of Kubernetes, mode 0600. */
  readonly tokenFile?: string | undefined;
  /** Whether who gives no proof is `system:anonymous`; false by default. */
  readonly anonymous?: boolean | undefined;
  /** Whether the cluster of the kubeconfig judges tokens; true by default. */
  readonly webhook?: boolean | undefined;
  /** Seconds that its answers hold, 120 by default. */
  readonly cacheSeconds?: number | undefined;
}

/** Who has rights, beside the group `system:masters`. */
export interface AuthorizationOptions {
  /** Absolute path of a rules file. */
  readonly rulesFile?: string | undefined;
  /** Whether the cluster of the kubeconfig is asked; true by default. */
  readonly webhook?: boolean | undefined;
  /** Seconds that its answers hold, 300 and 30 by default. */
  readonly cacheAllowedSeconds?: number | undefined;
  readonly cacheDeniedSeconds?: number | undefined;
}

export interface LimitOptions {
  /** Requests of one user: 50 a second, 200 at once by default. */
  readonly requests?: Rate | undefined;
  /** Refused requests of one address: 1 a second, 20 at once by default. */
  readonly failures?: Rate | undefined;
  /** Captures under way at a time, 8 by default. */
  readonly checkpoints?: number | undefined;
}

export interface KubeletApiOptions {
  criClient: CriClient;
  /** Absolute path; made on first use, see `openNodePki`. */
  pkiFolder: string;
  /** Absolute path of the folder for archives; made with mode 0700 when absent. */
  checkpointsFolder: string;
  /** Address to listen on, 127.0.0.1 by default. */
  host?: string;
  /** 10250 by default; 0 lets the system choose. */
  port?: number;
  /** The host's name by default. */
  nodeName?: string;
  /** Further addresses and names for the server certificate. */
  addresses?: readonly string[];
  logger?: Logger;
  /** Ends the server as disposing does. */
  signal?: AbortSignal;
  /** Feature gates of Kubernetes; all are on by default. */
  featureGates?: { readonly ContainerCheckpoint?: boolean | undefined };
  authentication?: AuthenticationOptions;
  authorization?: AuthorizationOptions;
  /** Absolute path of the kubeconfig of a cluster that judges tokens and rights. */
  kubeconfig?: string;
  /** Where every request is written down; nowhere by default. */
  audit?: AuditLogOptions;
  limits?: LimitOptions;
  /**
   * Told once of every capture, whoever asked for it together, before anybody is answered; when it throws, the requests
   * fail and the archive stays. The signal aborts when nobody waits any more; where it throws for that, the archive goes.
   */
  onCheckpoint?: (record: CheckpointRecord, signal: AbortSignal) => Promise<void> | void;
  /** Told of every request when it is over. */
  onRequest?: (request: EndedRequest) => void;
  /** The answer to GET /metrics; 404 without it. */
  metrics?: () => Promise<MetricsText>;
  /** Pods that are kept here, as `Supervisor.pods` has them. */
  kept?: (() => readonly PodDocument[]) | undefined;
}

const REQUESTS: Rate = { perSecond: 50, burst: 200 };
const FAILURES: Rate = { perSecond: 1, burst: 20 };

/** Opens everything that judges requests. Throws ERR_KUBELET_FILE_UNSOUND, ERR_KUBELET_KUBECONFIG, ERR_KUBELET_PATH_RELATIVE. */
export async function openGate(options: KubeletApiOptions, nodeName: string, logger: Logger): Promise<Gate> {
  const { authentication = {}, authorization = {}, kubeconfig, limits = {} } = options;
  const { tokenFile, clientAuthority } = authentication;
  const { rulesFile } = authorization;
  for (const path of [tokenFile, clientAuthority, rulesFile, kubeconfig]) {
    if (path !== undefined && !isAbsolute(path)) throw kubeletError('ERR_KUBELET_PATH_RELATIVE', `${path} is relative`);
  }
  // What is wrong with it is told now, and not to the first who asks.
  if (kubeconfig !== undefined) await readKubeconfig(kubeconfig);
  if (clientAuthority !== undefined) await readFile(clientAuthority);
  const server = kubeconfig === undefined ? undefined : apiServerOf(kubeconfig);
  const times = { allowed: authorization.cacheAllowedSeconds ?? 300, denied: authorization.cacheDeniedSeconds ?? 30 };
  return {
    routes: routesOf({ containerCheckpoint: options.featureGates?.ContainerCheckpoint !== false }),
    authenticators: {
      tokens: tokenFile === undefined ? undefined : await openTokenFile(tokenFile, logger),
      reviewer:
        server && authentication.webhook !== false ? new TokenReviewer(server, authentication.cacheSeconds) : undefined,
      anonymous: authentication.anonymous === true,
      logger,
    },
    authorizers: {
      rules: rulesFile === undefined ? undefined : await openRulesFile(rulesFile, logger),
      reviewer: server && authorization.webhook !== false ? new AccessReviewer(server, nodeName, times) : undefined,
    },
    requests: new TokenBuckets(limits.requests ?? REQUESTS),
    failures: new TokenBuckets(limits.failures ?? FAILURES),
    logger,
  };
}
