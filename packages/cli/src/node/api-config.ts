/** The sections of the node's configuration that are about its kubelet-compatible API, and what they come to. */
import { join } from 'node:path';
import { absolutePath, flag, group, type Read, whole } from '@stillframe/core/schema';
import type { KubeletApiOptions } from '@stillframe/kubelet';
import type { NodePaths } from '@stillframe/runtime/place';

const seconds = whole(0, 86_400);
const rate = whole(1, 1_000_000);

/** Sections of the schema. */
export const API_SECTIONS = {
  /** Feature gates of Kubernetes that are known here; on by default. */
  featureGates: group({ ContainerCheckpoint: flag }),
  /** Kubeconfig of a cluster that judges tokens and rights. */
  kubeconfig: absolutePath,
  /** Who proves a name how, beside certificates of the node's own authority. */
  authentication: group({
    clientCAFile: absolutePath,
    tokenFile: absolutePath,
    anonymous: flag,
    /** Whether the cluster judges tokens, and for how many seconds an answer holds. */
    webhook: flag,
    cacheSeconds: seconds,
  }),
  /** Who has rights, beside the group system:masters. */
  authorization: group({
    rulesFile: absolutePath,
    webhook: flag,
    cacheAllowedSeconds: seconds,
    cacheDeniedSeconds: seconds,
  }),
  /** Where every request is written down: `audit/audit.log` in the root folder by default. */
  audit: group({
    enabled: flag,
    path: absolutePath,
    /** MiB after which the file is put aside, and how many files are kept. */
    maxSize: whole(1, 1 << 20),
    keep: whole(1, 1000),
  }),
  limits: group({
    /** Of one user. */
    requestsPerSecond: rate,
    requestsAtOnce: rate,
    /** Refused requests of one address. */
    failuresPerSecond: rate,
    failuresAtOnce: rate,
    /** Under way at a time. */
    checkpoints: whole(1, 1000),
  }),
};

const sections = group(API_SECTIONS);
export type ApiConfig = Read<typeof sections>;

type ApiOptions = Pick<
  KubeletApiOptions,
  'featureGates' | 'kubeconfig' | 'authentication' | 'authorization' | 'audit' | 'limits'
>;

/** The options of the API that the sections stand for. */
export function apiOptionsOf(config: ApiConfig, paths: NodePaths): ApiOptions {
  const { featureGates, kubeconfig, authentication = {}, authorization, audit = {}, limits = {} } = config;
  const { clientCAFile, ...proofs } = authentication;
  const { requestsPerSecond = 50, requestsAtOnce = 4 * requestsPerSecond } = limits;
  const { failuresPerSecond = 1, failuresAtOnce = 20 * failuresPerSecond } = limits;
  const { path = join(paths.root, 'audit', 'audit.log'), maxSize = 64, keep } = audit;
  return {
    ...(featureGates ? { featureGates } : {}),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    authentication: { ...proofs, clientAuthority: clientCAFile },
    ...(authorization ? { authorization } : {}),
    ...(audit.enabled === false ? {} : { audit: { path, maxBytes: maxSize * 2 ** 20, keep } }),
    limits: {
      requests: { perSecond: requestsPerSecond, burst: requestsAtOnce },
      failures: { perSecond: failuresPerSecond, burst: failuresAtOnce },
      checkpoints: limits.checkpoints,
    },
  };
}
