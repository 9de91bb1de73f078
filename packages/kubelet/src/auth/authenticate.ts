/** The chain that finds out who asks: client certificate, static token, the cluster's word, nobody in particular. */
import type { IncomingMessage } from 'node:http';
import { type Logger, messageOf } from '@stillframe/core';
import { type StaticToken, userOfToken } from './token-file.ts';
import type { TokenReviewer } from './token-review.ts';
import { ANONYMOUS, certificateOf, type User } from './user.ts';
import type { WatchedFile } from './watched-file.ts';

/** What a server takes as proof of a name beside client certificates. */
export interface Authenticators {
  readonly tokens: WatchedFile<StaticToken[]> | undefined;
  readonly reviewer: TokenReviewer | undefined;
  /** Whether who gives no proof at all is `system:anonymous`, rather than refused. */
  readonly anonymous: boolean;
  readonly logger: Logger;
}

/** Characters of a token: those of service accounts have about 1,200. */
const TOKEN_LIMIT = 12_000;

/**
 * The user of a request, or undefined where it proves none. `mayAskCluster`: called before the cluster is asked about a
 * token that is not known here; where it says no, the token counts as unknown.
 */
export async function authenticate(
  request: IncomingMessage,
  { tokens, reviewer, anonymous, logger }: Authenticators,
  mayAskCluster: () => boolean,
): Promise<User | undefined> {
  const certificate = certificateOf(request.socket);
  if (typeof certificate === 'object') return certificate.user;
  const token = bearerOf(request.headers.authorization);
  if (token === undefined) {
    const unproved = certificate === 'none' && request.headers.authorization === undefined;
    return anonymous && unproved ? ANONYMOUS : undefined;
  }
  const known = tokens && userOfToken((await tokens.current()) ?? [], token);
  if (known || !reviewer || !mayAskCluster()) return known;
  try {
    return await reviewer.userOf(token);
  } catch (error) {
    logger.log('error', 'a token could not be judged', { reason: messageOf(error) });
    return undefined;
  }
}

function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined || header.length > TOKEN_LIMIT) return undefined;
  return /^bearer +([^\s]+) *$/i.exec(header)?.[1];
}
