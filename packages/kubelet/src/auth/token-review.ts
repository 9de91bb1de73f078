/** Bearer tokens that a cluster knows: TokenReview of authentication.k8s.io/v1. */
import { flag, group, list, mapping, text } from '@stillframe/core/schema';
import type { ApiServer } from '../cluster/api-server.ts';
import { digestOfToken } from './token-file.ts';
import { TtlCache } from './ttl-cache.ts';
import { authenticated, type User } from './user.ts';

/** Seconds that an answer holds: a kubelet's `authentication.webhook.cacheTTL`. */
const REVIEW_SECONDS = 120;

const open = { others: 'ignored' } as const;
const user = group({ username: text, uid: text, groups: list(text), extra: mapping(list(text)) }, open);
const answer = group({ status: group({ authenticated: flag, user }, open) }, open);

/** Asks the cluster whose a token is. */
export class TokenReviewer {
  readonly #server: ApiServer;
  readonly #known: TtlCache<User | undefined>;

  constructor(server: ApiServer, seconds = REVIEW_SECONDS) {
    this.#server = server;
    this.#known = new TtlCache(() => seconds * 1000);
  }

  /** The user of a token, or undefined where the cluster does not know it. Throws ERR_KUBELET_CLUSTER. */
  userOf(token: string): Promise<User | undefined> {
    // By digest: the cache would otherwise be a list of secrets.
    return this.#known.get(digestOfToken(token).toString('hex'), () => this.#ask(token));
  }

  async #ask(token: string): Promise<User | undefined> {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    const said = await this.#server.post('/apis/authentication.k8s.io/v1/tokenreviews', review);
    const { status = {} } = answer(said, '');
    const { username, uid, groups = [], extra } = status.user ?? {};
    if (status.authenticated !== true || username === undefined) return undefined;
    return authenticated({
      name: username,
      groups,
      ...(uid === undefined ? {} : { uid }),
      ...(extra === undefined ? {} : { extra }),
    });
  }
}
