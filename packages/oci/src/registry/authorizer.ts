/** Answers a registry's challenges: Basic, and Bearer tokens from the token server that the registry names. */
import type { ContentOptions } from '../content.ts';
import { ociError } from '../errors.ts';
import { decodeObject } from '../json.ts';
import { type RefusalOptions, readBody, refusalOf } from './answer.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credentials, CredentialsProvider } from './credentials.ts';
import type { HttpRequest, HttpTransport } from './http.ts';
import { checkHop, type Origin } from './origin.ts';

/** What a request needs: its repository, for the credentials, and token scopes such as `repository:a/b:pull`. */
export interface Purpose {
  readonly repository?: string | undefined;
  readonly scopes: readonly string[];
}

/** Most bytes of a token server's answer. */
const TOKEN_ANSWER = 1 << 20;
/** Seconds a token lives where its server does not say (distribution: token specification). */
const DEFAULT_LIFE = 60;
/** Milliseconds before its end at which a token is not used any more. */
const MARGIN = 5_000;

interface Grant {
  readonly header: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Authorization for one registry. Its headers go to that registry's origin only; the session sees to that. */
export class Authorizer {
  readonly #registry: string;
  readonly #origin: Origin;
  readonly #provider: CredentialsProvider;
  readonly #transport: HttpTransport;
  readonly #granted = new Map<string, Grant & { readonly challenge: string }>();
  readonly #secrets = new Set<string>();
  /** Whether there were credentials when the registry last asked for some. */
  #known = false;

  constructor(registry: string, origin: Origin, provider: CredentialsProvider, transport: HttpTransport) {
    this.#registry = registry;
    this.#origin = origin;
    this.#provider = provider;
    this.#transport = transport;
  }

  /**
   * The Authorization header that an earlier challenge of the same purpose was answered with. One that has run out is
   * renewed first: a large upload may outlive its token, and its body cannot always be sent twice to learn so by a 401.
   */
  async header(purpose: Purpose, signal: AbortSignal | undefined): Promise<string | undefined> {
    const granted = this.#granted.get(keyOf(purpose));
    if (!granted) return undefined;
    return granted.until > Date.now() ? granted.header : this.answer(granted.challenge, purpose, signal);
  }

  /**
   * Answers the challenges of a 401; undefined where there are no credentials for any of them.
   * Throws ERR_OCI_REGISTRY_UNAUTHORIZED and the like where the token server refuses.
   */
  async answer(header: string, purpose: Purpose, signal: AbortSignal | undefined): Promise<string | undefined> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    const credentials = await this.#provider.credentialsFor(this.#registry, purpose.repository, { signal });
    this.#known = credentials !== undefined;
    if (credentials) this.#remember(credentials);
    if (bearer && credentials?.kind === 'registry-token') {
      return this.#keep(purpose, header, { header: `Bearer ${credentials.token}`, until: Number.POSITIVE_INFINITY });
    }
    if (bearer) return this.#keep(purpose, header, await this.#fetchToken(bearer, purpose, credentials, signal));
    if (credentials?.kind === 'password' && challenges.some((challenge) => challenge.scheme === 'basic')) {
      return this.#keep(purpose, header, { header: basic(credentials), until: Number.POSITIVE_INFINITY });
    }
    return undefined;
  }

  /** `text` without any secret that this authorizer has handled. */
  conceal(text: string): string {
    let result = text;
    for (const secret of this.#secrets) result = result.replaceAll(secret, '***');
    return result;
  }

  /** How a refusal is told. */
  get telling(): RefusalOptions {
    const login = this.#known
      ? `the credentials that are there for ${this.#registry} are not taken: log in to the registry again (\`skopeo login\`)`
      : `there are no credentials for ${this.#registry}: log in to the registry (\`skopeo login\`), or name the file with REGISTRY_AUTH_FILE`;
    return { conceal: (text) => this.conceal(text), login };
  }

  #remember(credentials: Credentials): void {
    const secrets =
      credentials.kind === 'password'
        ? [credentials.password, basic(credentials).slice('Basic '.length)]
        : [credentials.token];
    for (const secret of secrets) if (secret !== '') this.#secrets.add(secret);
  }

  #keep(purpose: Purpose, challenge: string, grant: Grant): string {
    this.#granted.set(keyOf(purpose), { ...grant, challenge });
    return grant.header;
  }

  async #fetchToken(
    challenge: Challenge,
    purpose: Purpose,
    credentials: Credentials | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Grant> {
    const asked = Date.now();
    const request = this.#tokenRequest(challenge, await this.#origin.url({ signal }), { purpose, credentials, signal });
    const answer = await this.#transport.send(request);
    const what = `token for ${this.#registry}`;
    if (answer.status !== 200) throw await refusalOf(answer, what, this.telling);
    const document = decodeObject(await readBody(answer, TOKEN_ANSWER, what), what);
    const token = document['token'] ?? document['access_token'];
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
      throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${what}: the token server's answer holds none`);
    }
    this.#secrets.add(token);
    const life = document['expires_in'];
    const seconds = typeof life === 'number' && life > 0 ? life : DEFAULT_LIFE;
    return { header: `Bearer ${token}`, until: asked + seconds * 1000 - MARGIN };
  }

  #tokenRequest(
    challenge: Challenge,
    origin: URL,
    { purpose, credentials, signal }: { purpose: Purpose; credentials: Credentials | undefined } & ContentOptions,
  ): HttpRequest {
    const realm = URL.parse(challenge.parameters.get('realm') ?? '');
    if (!realm) throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${this.#registry} names no token server`);
    checkHop(origin, realm);
    const service = challenge.parameters.get('service');
    const asked = challenge.parameters.get('scope')?.split(' ') ?? [];
    const scopes = [...new Set([...purpose.scopes, ...asked])];
    if (credentials?.kind === 'identity-token') {
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: credentials.token });
      form.set('client_id', 'stillframe');
      if (service !== undefined) form.set('service', service);
      form.set('scope', scopes.join(' '));
      const content = Buffer.from(form.toString());
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return { method: 'POST', url: realm, headers, signal, body: { size: content.length, content: once(content) } };
    }
    if (service !== undefined) realm.searchParams.set('service', service);
    for (const scope of scopes) realm.searchParams.append('scope', scope);
    const named = credentials?.kind === 'password' ? credentials : undefined;
    const headers: Record<string, string> = named ? { authorization: basic(named) } : {};
    return { method: 'GET', url: realm, headers, signal };
  }
}

function basic(credentials: Extract<Credentials, { kind: 'password' }>): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

function keyOf(purpose: Purpose): string {
  return [purpose.repository ?? '', ...purpose.scopes].join(' ');
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
