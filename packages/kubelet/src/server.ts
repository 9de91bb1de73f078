/** The kubelet-compatible API: HTTPS over any CRI client. */
import { mkdir, readFile } from 'node:fs/promises';
import { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { isAbsolute } from 'node:path';
import { messageOf, silentLogger, systemCode } from '@stillframe/core';
import { AuditLog } from './audit/audit-log.ts';
import { sweepReservations } from './checkpoint/reserve.ts';
import { SharedCaptures } from './checkpoint/shared-captures.ts';
import { kubeletError } from './errors.ts';
import { type Desk, Exchange } from './http/exchange.ts';
import { httpsServer, secureContext } from './http/https-server.ts';
import { type KubeletApiOptions, openGate } from './options.ts';
import { openNodePki, type PkiPaths } from './pki/node-pki.ts';

/** A running server. Disposing aborts captures under way, whose containers the runtime lets run on, and waits for them. */
export interface KubeletApi extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number };
  readonly pki: PkiPaths;
  /**
   * Renews what ends within 30 days, and lets new connections have the new server certificate. Called twice a day by
   * itself. `now`: the time at which certificates are judged. Returns whether the server's was renewed.
   */
  renewCertificates(now?: Date): Promise<boolean>;
}

/** Captures under way at a time. */
const MOST_CAPTURES = 8;
/** Milliseconds between two looks at the certificates. */
const RENEWAL_INTERVAL = 12 * 3_600_000;

/**
 * Makes or opens the PKI and starts listening. Throws ERR_KUBELET_PKI_DAMAGED, ERR_KUBELET_PATH_RELATIVE,
 * ERR_KUBELET_ADDRESS_IN_USE, ERR_KUBELET_FILE_UNSOUND, ERR_KUBELET_KUBECONFIG, or the system's error.
 */
export async function startKubeletApi(options: KubeletApiOptions): Promise<KubeletApi> {
  const { criClient, checkpointsFolder: folder, host = '127.0.0.1', port = 10250, signal } = options;
  const { nodeName = hostname(), logger = silentLogger, featureGates = {}, authentication = {} } = options;
  if (!isAbsolute(folder)) throw kubeletError('ERR_KUBELET_PATH_RELATIVE', `checkpoints folder ${folder} is relative`);
  const gate = await openGate(options, nodeName, logger);
  const containerCheckpoint = featureGates.ContainerCheckpoint !== false;
  if (containerCheckpoint) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await sweepReservations(folder);
  }
  const wildcard = host === '0.0.0.0' || host === '::';
  const pkiOptions = {
    folder: options.pkiFolder,
    nodeName,
    addresses: [...(wildcard ? [] : [host]), ...(options.addresses ?? [])],
  };
  let pki = await openNodePki(pkiOptions);
  const authorities = async () => {
    const { clientAuthority } = authentication;
    return [pki.authority, ...(clientAuthority === undefined ? [] : [await readFile(clientAuthority, 'utf8')])];
  };

  const ending = new AbortController();
  const captures = new SharedCaptures({
    cri: criClient,
    folder,
    most: options.limits?.checkpoints ?? MOST_CAPTURES,
    onCheckpoint: options.onCheckpoint ?? (() => undefined),
  });
  const context = {
    cri: criClient,
    nodeName,
    captures,
    kept: options.kept,
    metrics: options.metrics,
    configuration: configz(options),
  };
  const audit = options.audit && new AuditLog(options.audit);
  const desk: Desk = { gate, context, audit, logger, onRequest: options.onRequest, ending: ending.signal };
  const underWay = new Set<Promise<void>>();
  const keep = (exchange: Exchange) => {
    const running = exchange.run();
    underWay.add(running);
    running.finally(() => underWay.delete(running));
  };
  const server = httpsServer(secureContext(pki, await authorities()), logger);
  server.on('request', (request, response) => keep(new Exchange(desk, request, response)));
  server.on('upgrade', (request, socket, head) => {
    // Whoever is refused gets an ordinary answer.
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.once('finish', () => socket.end());
    socket.on('error', () => undefined);
    keep(new Exchange(desk, request, response, { socket, head }));
  });
  await listen(server, host, port);

  const renewCertificates = async (now?: Date) => {
    const before = pki.server;
    pki = await openNodePki({ ...pkiOptions, ...(now ? { now } : {}) });
    server.setSecureContext(secureContext(pki, await authorities()));
    return pki.server !== before;
  };
  const renewing = setInterval(() => {
    renewCertificates().catch((error) =>
      logger.log('error', 'certificates could not be renewed', { reason: messageOf(error) }),
    );
  }, RENEWAL_INTERVAL);
  renewing.unref();

  const dispose = async () => {
    signal?.removeEventListener('abort', end);
    clearInterval(renewing);
    ending.abort(new Error('the server is ending'));
    // Who asks meanwhile is told to come again.
    await Promise.all(underWay);
    await captures.settled();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  const end = () => void dispose();
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) await dispose();
  const bound = server.address() as AddressInfo | null;
  const address = { host, port: bound?.port ?? port };
  return { address, pki: pki.paths, renewCertificates, [Symbol.asyncDispose]: dispose };
}

/** What /configz shows: the effective settings, in the words of KubeletConfiguration. */
function configz({ host, port, featureGates, authentication, authorization, kubeconfig }: KubeletApiOptions) {
  const cluster = kubeconfig !== undefined;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: host ?? '127.0.0.1',
    port: port ?? 10250,
    featureGates: { ContainerCheckpoint: featureGates?.ContainerCheckpoint !== false },
    authentication: {
      anonymous: { enabled: authentication?.anonymous === true },
      webhook: { enabled: cluster && authentication?.webhook !== false },
    },
    authorization: { mode: cluster && authorization?.webhook !== false ? 'Webhook' : 'AdministratorsAndRules' },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const taken = systemCode(cause) === 'EADDRINUSE';
      reject(taken ? kubeletError('ERR_KUBELET_ADDRESS_IN_USE', `${host}:${port} is in use`, { cause }) : cause);
    });
    server.listen(port, host, () => resolve());
  });
}
