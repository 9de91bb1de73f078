/** Rights that a cluster gives: SubjectAccessReview of authorization.k8s.io/v1. */
import { createHash } from 'node:crypto';
import { flag, group } from '@stillframe/core/schema';
import { TtlCache } from '../auth/ttl-cache.ts';
import type { User } from '../auth/user.ts';
import type { ApiServer } from '../cluster/api-server.ts';

/** Seconds that answers hold: a kubelet's `authorization.webhook.cacheAuthorizedTTL` and `cacheUnauthorizedTTL`. */
const REVIEW_TIMES = { allowed: 300, denied: 30 } as const;

/** What the cluster says. */
export interface Review {
  readonly allowed: boolean;
  readonly reason: string;
}

const open = { others: 'ignored' } as const;
const answer = group({ status: group({ allowed: flag, reason: (value) => String(value) }, open) }, open);

/** Asks the cluster what a user may do to this node. */
export class AccessReviewer {
  readonly #server: ApiServer;
  readonly #nodeName: string;
  readonly #known: TtlCache<Review>;

  constructor(server: ApiServer, nodeName: string, times: { allowed: number; denied: number } = REVIEW_TIMES) {
    this.#server = server;
    this.#nodeName = nodeName;
    this.#known = new TtlCache(({ allowed }) => (allowed ? times.allowed : times.denied) * 1000);
  }

  /** Whether `user` may `verb` the subresource of this node. Throws ERR_KUBELET_CLUSTER. */
  review(user: User, verb: string, subresource: string): Promise<Review> {
    const spec = {
      user: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
      resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: this.#nodeName },
    };
    const key = createHash('sha256').update(JSON.stringify(spec)).digest('hex');
    return this.#known.get(key, () => this.#ask(spec));
  }

  async #ask(spec: object): Promise<Review> {
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const said = await this.#server.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
    const { status = {} } = answer(said, '');
    return { allowed: status.allowed === true, reason: status.reason ?? '' };
  }
}
