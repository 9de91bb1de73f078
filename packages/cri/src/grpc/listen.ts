/** A gRPC server on a unix socket. */
import { chmod, rm } from 'node:fs/promises';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { criChannelOptions } from './channel-options.ts';
import { implementService, type ServiceHandlers } from './implementation.ts';
import { serviceDefinition } from './service-definition.ts';

/** One service with what answers it, ready to be served. */
export interface ServedService {
  add(server: Server): void;
}

/** Pairs `service` with its handlers; see `implementService` for handlers that are absent and for `failed`. */
export function served<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
  handlers: Partial<ServiceHandlers<Methods>>,
  failed?: (method: string, error: unknown) => void,
): ServedService {
  const implementation: UntypedServiceImplementation = implementService(service, handlers, failed);
  return { add: (server) => server.addService(serviceDefinition(service), implementation) };
}

/**
 * Serves on the unix socket `path` (absolute; no file may be there), mode 0660. Disposing lets calls under way end for
 * up to `graceMs` (default 0), then cuts them off, and removes the socket.
 * Throws the system's error (EADDRINUSE, EACCES…) when the socket cannot be made.
 */
export async function listenOnSocket(
  path: string,
  services: readonly ServedService[],
  options: { graceMs?: number } = {},
): Promise<AsyncDisposable> {
  const server = new Server(criChannelOptions);
  for (const service of services) service.add(server);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  await chmod(path, 0o660);
  return { [Symbol.asyncDispose]: () => shutDown(server, path, options.graceMs ?? 0) };
}

async function shutDown(server: Server, path: string, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  await rm(path, { force: true });
}
