/** What happens to a request before its route is asked: limits, who it is, what it may do, where it goes. */
import type { IncomingMessage } from 'node:http';
import { harmless, type Logger, messageOf } from '@stillframe/core';
import { type Attributes, attributesOf } from '../access/attributes.ts';
import { AuthorizationFault, type Authorizers, authorize, type Decision } from '../access/authorize.ts';
import { type Authenticators, authenticate } from '../auth/authenticate.ts';
import type { User } from '../auth/user.ts';
import type { TokenBuckets } from '../limits/token-bucket.ts';
import { type Match, matchRoute } from '../routes/index.ts';
import type { Route } from '../routes/route.ts';
import { type Answer, text, tooMany } from './answer.ts';

/** Characters of a request target, and bytes that a body may have: it means nothing here. */
const TARGET_LIMIT = 8192;
export const BODY_LIMIT = 1 << 20;

/** Whom admission asks. */
export interface Gate {
  readonly routes: readonly Route[];
  readonly authenticators: Authenticators;
  readonly authorizers: Authorizers;
  /** Requests by user. */
  readonly requests: TokenBuckets;
  /** Requests that were refused, by address. */
  readonly failures: TokenBuckets;
  readonly logger: Logger;
}

/** What is known of a request when it has been judged. It is refused by `answer`, or goes to the route of `match`. */
export interface Admission {
  readonly attributes: Attributes;
  readonly query: URLSearchParams;
  readonly user?: User | undefined;
  readonly decision?: Decision | undefined;
  readonly answer?: Answer | undefined;
  readonly match?: Match | undefined;
}

/** Judges a request. Whoever has proved a name is not held up by what others at the same address have tried. */
export async function admit(request: IncomingMessage, gate: Gate): Promise<Admission> {
  const { method = '', url = '' } = request;
  const [pathname = '', ...rest] = url.split('?');
  const query = new URLSearchParams(rest.join('?'));
  const target = targetOf(gate.routes, pathname);
  const attributes = attributesOf(method, target?.first ?? '');
  const seen = { attributes, query };
  if (url.length > TARGET_LIMIT) return { ...seen, answer: text(414, 'URI Too Long\n') };
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT) {
    return { ...seen, answer: text(413, 'Request Entity Too Large\n', { connection: 'close' }) };
  }
  const from = request.socket.remoteAddress ?? '';
  const refused = (answer: Answer) => {
    const wait = gate.failures.take(from);
    return wait === undefined ? answer : tooMany(wait);
  };

  const user = await authenticate(request, gate.authenticators, () => gate.failures.has(from));
  if (!user) return { ...seen, answer: refused(text(401, 'Unauthorized')) };
  const known = { ...seen, user };
  const wait = gate.requests.take(user.name);
  if (wait !== undefined) return { ...known, answer: tooMany(wait) };
  if (!target) return { ...known, answer: text(400, 'Bad Request') };
  const { match } = target;
  const judged = await judge(known, match, gate);
  if ('status' in judged) return { ...known, answer: judged };
  const admitted = { ...known, decision: judged };
  if (!judged.allowed) return { ...admitted, answer: refused(text(403, forbidden(user, method, attributes))) };
  if (!match) return { ...admitted, answer: text(404, '404 page not found\n') };
  const { methods } = match.route;
  if (methods.some((allowed) => allowed === method)) return { ...admitted, match };
  return { ...admitted, answer: text(405, '405: Method Not Allowed', { allow: methods.join(', ') }) };
}

async function judge(
  { user, attributes }: { user: User; attributes: Attributes },
  match: Match | undefined,
  { authorizers, logger }: Gate,
): Promise<Decision | Answer> {
  const wish = { ...attributes, user, kubeNamespace: match?.params['namespace'], onPod: match?.route.onPod };
  try {
    return await authorize(wish, authorizers);
  } catch (error) {
    if (!(error instanceof AuthorizationFault)) throw error;
    logger.log('error', error.message, { reason: messageOf(error.cause) });
    const { verb } = attributes;
    const facts = `user=${harmless(user.name)}, verb=${verb}, resource=nodes, subresource=${error.subresource}`;
    return text(500, `Authorization error (${facts})`);
  }
}

/** The first segment of a path and its route; undefined for a percent sign that escapes nothing. */
function targetOf(routes: readonly Route[], path: string): { first: string; match: Match | undefined } | undefined {
  try {
    return { first: decodeURIComponent(path.split('/')[1] ?? ''), match: matchRoute(routes, path) };
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function forbidden(user: User, method: string, { verb, subresources }: Attributes): string {
  const said = verb || method.toLowerCase();
  return `Forbidden (user=${harmless(user.name)}, verb=${said}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`;
}
