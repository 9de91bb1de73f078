/** From CRI ContainerConfig to what the node is asked for. */
import type { ContainerRequest, DeviceRequest, MountRequest } from '@stillframe/runtime';
import { type ContainerConfig, type Device, type Mount, MountPropagation } from '../proto.ts';
import { mappingFrom } from './id-mapping-view.ts';
import { invalidRequest, required } from './invalid.ts';
import { resourcesFrom } from './resources-view.ts';
import { securityFrom } from './security-view.ts';
import { signalFrom } from './signal-view.ts';

/** Throws ERR_CRI_REQUEST_INVALID for what is missing or not honoured here. */
export function containerRequest(config: ContainerConfig): ContainerRequest {
  const metadata = required(config.metadata, 'metadata');
  const stopSignal = signalFrom(config.stopSignal);
  return {
    name: required(metadata.name, 'metadata.name'),
    attempt: metadata.attempt,
    image: required(config.image?.image, 'image'),
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    env: config.envs.map(({ key, value }) => ({ key, value: variableText(key, value) })),
    mounts: config.mounts.map(mountRequest),
    labels: config.labels,
    annotations: config.annotations,
    logPath: config.logPath,
    stdin: config.stdin,
    terminal: config.tty,
    ...(config.devices.length > 0 ? { devices: config.devices.map(deviceRequest) } : {}),
    ...(config.stdinOnce ? { stdinOnce: true } : {}),
    ...(stopSignal ? { stopSignal } : {}),
    resources: resourcesFrom(config.linux?.resources),
    security: securityFrom(config.linux?.securityContext),
  };
}

/** The runtime specification is JSON and carries text only; other bytes are refused rather than changed. */
function variableText(key: string, value: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw invalidRequest(`the value of variable ${JSON.stringify(key)} is not UTF-8`);
  }
}

function mountRequest(mount: Mount): MountRequest {
  const propagation = PROPAGATION[mount.propagation];
  if (propagation === undefined) throw invalidRequest(`unknown propagation of the mount at ${mount.containerPath}`);
  return {
    containerPath: mount.containerPath,
    hostPath: mount.hostPath,
    readonly: mount.readonly,
    ...(mount.uidMappings.length + mount.gidMappings.length > 0
      ? { mapping: { uids: mount.uidMappings.map(mappingFrom), gids: mount.gidMappings.map(mappingFrom) } }
      : {}),
    ...(mount.image ? { image: { reference: mount.image.image, subPath: mount.imageSubPath } } : {}),
    ...(propagation === 'private' ? {} : { propagation }),
    ...(mount.recursiveReadOnly ? { recursiveReadonly: true } : {}),
    ...(mount.mountOptions.length > 0 ? { options: mount.mountOptions } : {}),
  };
}

const PROPAGATION: Readonly<Record<number, NonNullable<MountRequest['propagation']>>> = {
  [MountPropagation.PROPAGATION_PRIVATE]: 'private',
  [MountPropagation.PROPAGATION_HOST_TO_CONTAINER]: 'host-to-container',
  [MountPropagation.PROPAGATION_BIDIRECTIONAL]: 'bidirectional',
};

function deviceRequest({ hostPath, containerPath, permissions }: Device): DeviceRequest {
  return { hostPath, containerPath, permissions };
}
