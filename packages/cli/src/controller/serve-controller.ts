/** The controller as a process: where its cluster is, its listeners, its log, and its name among others. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { openDoors, runController, systemClock } from '@stillframe/controller';
import { harmless } from '@stillframe/core';
import type { ControllerCommandOptions } from '../commands/controller.ts';
import type { Io } from '../io.ts';
import { openAccessHere } from '../node/cluster-place.ts';
import { jsonLogger } from '../node/logger.ts';
import { cliError } from '../usage.ts';

interface ServeOptions extends ControllerCommandOptions {
  requestsPerSecond: number;
}

/** Until the first signal; captures that are under way then are ended. Throws ERR_CLUSTER_*, ERR_CONTROLLER_*, ERR_USAGE_ARGUMENT. */
export async function serveController(options: ServeOptions, io: Io): Promise<void> {
  const { webhook, webhookTokenFile: tokenFile, webhookCert: cert, webhookKey: key } = options;
  const places = {
    health: placeOf('--health', options.health),
    webhook: webhook === undefined ? undefined : placeOf('--webhook', webhook),
  };
  const access = await openAccessHere(options, io);
  const log = jsonLogger(io);
  await using doors = await openDoors({
    ...{ health: places.health, log },
    webhook:
      places.webhook && tokenFile !== undefined
        ? { place: places.webhook, tokenFile, tls: cert !== undefined && key !== undefined ? { cert, key } : undefined }
        : undefined,
  });
  const lease = { kubeNamespace: options.leaseNamespace ?? access.kubeNamespace, name: options.leaseName };
  const identity = `${hostname()}_${randomUUID()}`;
  const where = {
    health: doors.healthPort,
    ...(doors.webhookPort === undefined ? {} : { webhook: doors.webhookPort }),
  };
  log.log('info', 'the controller is there', { identity, server: access.server, lease, ...where });
  await runController(
    {
      ...{ access, clock: systemClock, log, identity, lease, kubeNamespace: options.namespace },
      requestsPerSecond: options.requestsPerSecond,
      counted: doors.figures.counted,
      onLeading: (alert) => doors.lead(alert),
    },
    io.signal,
  );
}

/** `0.0.0.0:8081`, `[::1]:8081`, `:8081` for all of the machine. */
function placeOf(option: string, text: string): { host: string; port: number } {
  const [, bracketed, plain = '', port = ''] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535) {
    throw cliError('ERR_USAGE_ARGUMENT', `${option} ${harmless(text)}: HOST:PORT is wanted`);
  }
  return { host: bracketed ?? plain, port: Number(port) };
}
