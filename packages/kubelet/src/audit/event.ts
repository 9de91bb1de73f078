/** One entry of the audit log: an Event of audit.k8s.io/v1, at the level Metadata. */
import type { Decision } from '../access/authorize.ts';
import type { User } from '../auth/user.ts';

export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete';

/** What is known of a request. */
export interface AuditedRequest {
  readonly auditID: string;
  readonly received: Date;
  readonly method: string;
  /** As it came, query included. */
  readonly uri: string;
  readonly verb: string;
  readonly from: string;
  readonly userAgent: string | undefined;
  readonly nodeName: string;
  readonly subresource: string | undefined;
}

/** What became of it so far. */
export interface AuditedOutcome {
  readonly user?: User | undefined;
  readonly decision?: Decision | undefined;
  readonly status?: number | undefined;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Characters of a field that a client chooses. */
const FIELD_LIMIT = 4096;

/** The event as plain data. JSON escapes what could forge a line. */
export function auditEvent(stage: AuditStage, request: AuditedRequest, outcome: AuditedOutcome, now: Date) {
  const { user, decision, status } = outcome;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: request.auditID,
    stage,
    requestURI: bounded(request.uri),
    verb: request.verb || request.method.toLowerCase(),
    user: {
      username: user?.name ?? '',
      ...(user?.uid === undefined ? {} : { uid: user.uid }),
      groups: user?.groups ?? [],
      ...(user?.extra === undefined ? {} : { extra: user.extra }),
    },
    sourceIPs: [request.from],
    ...(request.userAgent === undefined ? {} : { userAgent: bounded(request.userAgent) }),
    objectRef: {
      resource: 'nodes',
      name: request.nodeName,
      apiVersion: 'v1',
      ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
    },
    ...(status === undefined ? {} : { responseStatus: { metadata: {}, code: status } }),
    requestReceivedTimestamp: microTime(request.received),
    stageTimestamp: microTime(now),
    annotations: {
      ...(decision && {
        'authorization.k8s.io/decision': decision.allowed ? 'allow' : 'forbid',
        'authorization.k8s.io/reason': decision.reason,
      }),
      ...(stage === 'ResponseComplete'
        ? { 'apiserver.latency.k8s.io/total': `${(now.getTime() - request.received.getTime()) / 1000}s` }
        : {}),
      ...outcome.annotations,
    },
  };
}

export type AuditEvent = ReturnType<typeof auditEvent>;

function bounded(text: string): string {
  return text.length <= FIELD_LIMIT ? text : `${text.slice(0, FIELD_LIMIT)}…`;
}

/** MicroTime of Kubernetes. */
function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
