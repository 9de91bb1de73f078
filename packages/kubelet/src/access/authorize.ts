/** Whether a user may do what a request asks for. */
import type { User } from '../auth/user.ts';
import type { WatchedFile } from '../auth/watched-file.ts';
import { ADMIN_GROUP } from '../pki/node-pki.ts';
import type { AccessReviewer } from './access-review.ts';
import type { Attributes } from './attributes.ts';
import { allowingRule, type PodSubresource, type Rule } from './rules.ts';

/** What a request asks for, and of which pod. */
export interface Wish extends Attributes {
  readonly user: User;
  readonly kubeNamespace: string | undefined;
  /** The finer right on a pod that allows it as well; rules alone know it. */
  readonly onPod: PodSubresource | undefined;
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Who is asked for rights beside the node's own administrators, whose group may do everything. */
export interface Authorizers {
  readonly rules: WatchedFile<Rule[]> | undefined;
  readonly reviewer: AccessReviewer | undefined;
}

/** A question that got no answer: the request is neither allowed nor forbidden. */
export class AuthorizationFault extends Error {
  readonly subresource: string;

  constructor(subresource: string, cause: unknown) {
    super(`access to nodes/${subresource} could not be judged`, { cause });
    this.subresource = subresource;
  }
}

/**
 * Judges a wish: administrators first, then the rules, then the cluster; whoever says yes first. Throws
 * AuthorizationFault where the cluster gives no answer.
 */
export async function authorize(wish: Wish, { rules, reviewer }: Authorizers): Promise<Decision> {
  const { user, verb, subresources } = wish;
  if (user.groups.includes(ADMIN_GROUP)) return { allowed: true, reason: `group ${ADMIN_GROUP}` };
  const rule = rules && ruleFor(wish, (await rules.current()) ?? []);
  if (rule !== undefined) return { allowed: true, reason: `rules[${rule}]` };
  if (!reviewer || verb === '') return { allowed: false, reason: rules ? 'no rule allows it' : 'no right to it' };
  let reason = '';
  for (const subresource of subresources) {
    const review = await reviewer.review(user, verb, subresource).catch((cause: unknown) => {
      throw new AuthorizationFault(subresource, cause);
    });
    if (review.allowed) return review;
    reason ||= review.reason;
  }
  return { allowed: false, reason: reason || 'the cluster does not allow it' };
}

function ruleFor({ user, verb, subresources, kubeNamespace, onPod }: Wish, rules: readonly Rule[]): number | undefined {
  // What runs in a container is changed by whatever method opens the stream; a WebSocket must begin with GET.
  const meant = onPod === undefined || onPod === 'log' ? verb : 'create';
  const wishes = [...(onPod === undefined ? [] : [`pods/${onPod}`]), ...subresources.map((name) => `nodes/${name}`)];
  for (const resource of wishes) {
    const found = allowingRule(rules, { user, verb: meant, resource, kubeNamespace });
    if (found !== undefined) return found;
  }
  return undefined;
}
