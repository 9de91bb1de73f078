/** Connections to registries, one for each host, with mirrors and the credentials of the usual auth files. */
import { join } from 'node:path';
import { isCode, type Logger, messageOf, StillframeError, silentLogger } from '@stillframe/core';
import {
  authFileCredentials,
  type ContentReader,
  type Credentials,
  type CredentialsProvider,
  formatReference,
  parseReference,
  RegistryClient,
  type RegistryRepository,
} from '@stillframe/oci';
import { credentialStore } from './credential-store.ts';

/** Where images of some registries are looked for first. */
export interface Mirror {
  /** `*` for every image, or the beginning of references, up to a `/`: `docker.io`, `registry.example/team`. */
  prefix: string;
  /** What takes the prefix's place: a registry, perhaps with a path. For `*` the registry's name goes away, too. */
  location: string;
  /** Whether the registry itself is asked where the mirror has not got the image. True by default. */
  fallback?: boolean | undefined;
}

export interface RegistriesOptions {
  mirrors?: readonly Mirror[] | undefined;
  /** Registries that are reached by plain HTTP. Loopback hosts always are. */
  insecure?: readonly string[] | undefined;
  logger?: Logger | undefined;
}

export interface Registries extends AsyncDisposable {
  /** The repository that a reference names. Throws ERR_OCI_REFERENCE_INVALID. */
  repository(reference: string): RegistryRepository;
  /**
   * The same for reading only, by way of the mirrors. `credentials` are shown to the registry that the reference names,
   * never to a mirror on another host.
   */
  mirrored(reference: string, credentials?: Credentials): ContentReader;
}

export function openRegistries(
  env: Readonly<Record<string, string | undefined>>,
  options: RegistriesOptions = {},
): Registries {
  const { mirrors = [], insecure, logger = silentLogger } = options;
  const clients = new Map<string, RegistryClient>();
  const own = authFileCredentials(authFiles(env), { helper: credentialStore(env) });
  const open = (reference: string): RegistryRepository => {
    const { registry, repository } = parseReference(reference);
    const client = clients.get(registry) ?? new RegistryClient(registry, { credentials: own, insecure });
    clients.set(registry, client);
    return client.repository(repository);
  };
  const openAs = (reference: string, credentials: Credentials): RegistryRepository => {
    const { registry, repository } = parseReference(reference);
    const given: CredentialsProvider = { credentialsFor: async () => credentials };
    // Not kept: the next pull may bring others. Its connections end by themselves.
    return new RegistryClient(registry, { credentials: given, insecure }).repository(repository);
  };
  return {
    repository: open,
    mirrored(reference, credentials) {
      const { registry } = parseReference(reference);
      const places = placesOf(reference, mirrors).map((place) =>
        credentials && parseReference(place).registry === registry ? openAs(place, credentials) : open(place),
      );
      return firstOf(places, logger);
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients.values()) await client[Symbol.asyncDispose]();
    },
  };
}

/** The references to ask, in order: of all mirrors with a fitting prefix the longest first, then the registry itself. */
export function placesOf(reference: string, mirrors: readonly Mirror[]): string[] {
  const parsed = parseReference(reference);
  const whole = formatReference(parsed);
  const fitting = mirrors
    .filter(({ prefix }) => prefix === '*' || (whole.startsWith(prefix) && /[/:@]/.test(whole[prefix.length] ?? '')))
    .sort((a, b) => lengthOf(b) - lengthOf(a));
  const places = fitting.map(({ prefix, location }) => {
    const rest = whole.slice(prefix === '*' ? parsed.registry.length : prefix.length);
    return `${location}${rest}`;
  });
  return fitting.some(({ fallback }) => fallback === false) ? places : [...places, whole];
}

function lengthOf({ prefix }: Mirror): number {
  return prefix === '*' ? 0 : prefix.length;
}

/** Reads from the first repository that knows the reference; what is read afterwards comes from that one. */
function firstOf(repositories: readonly RegistryRepository[], logger: Logger): ContentReader {
  let chosen = repositories.at(-1);
  const current = (): RegistryRepository => {
    if (!chosen) throw new StillframeError('ERR_OCI_REGISTRY_UNREACHABLE', 'unavailable', 'no registry is left to ask');
    return chosen;
  };
  return {
    async resolve(reference, options) {
      for (const [index, repository] of repositories.entries()) {
        try {
          const found = await repository.resolve(reference, options);
          chosen = repository;
          return found;
        } catch (error) {
          options?.signal?.throwIfAborted();
          if (index === repositories.length - 1) throw error;
          const level = isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN') ? 'debug' : 'warn';
          logger.log(level, 'mirror passed over', { mirror: repository.registry, reason: messageOf(error) });
        }
      }
      return current().resolve(reference, options);
    },
    manifest: (descriptor, options) => current().manifest(descriptor, options),
    stream: (descriptor, options) => current().stream(descriptor, options),
    open: (descriptor, options) => current().open(descriptor, options),
  };
}

/** Where podman, skopeo and docker keep credentials, the first that knows a registry wins (containers-auth.json(5)). */
function authFiles(env: Readonly<Record<string, string | undefined>>): string[] {
  const home = env['HOME'] ?? '/root';
  return [
    ...(env['REGISTRY_AUTH_FILE'] ? [env['REGISTRY_AUTH_FILE']] : []),
    ...(env['XDG_RUNTIME_DIR'] ? [join(env['XDG_RUNTIME_DIR'], 'containers', 'auth.json')] : []),
    join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'containers', 'auth.json'),
    join(env['DOCKER_CONFIG'] ?? join(home, '.docker'), 'config.json'),
  ];
}
