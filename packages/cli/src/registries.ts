/** Connections to registries, one for each host: where configured mirrors lead, with the credentials of the usual auth files. */
import { join } from 'node:path';
import { type Logger, silentLogger } from '@stillframe/core';
import {
  authFileCredentials,
  type ContentReader,
  type Credentials,
  type CredentialsProvider,
  parseReference,
  RegistryClient,
  type RegistryRepository,
  type Trust,
  type UploadLedger,
} from '@stillframe/oci';
import { credentialStore } from './credential-store.ts';
import { readCertificates } from './registries/certificates.ts';
import { firstOf } from './registries/mirrored.ts';
import { type Place, placesToRead, placeToWrite, type RegistryRule } from './registries/rules.ts';

export interface RegistriesOptions {
  rules?: readonly RegistryRule[] | undefined;
  /** Registries that need not prove who they are, beside those that rules name. */
  insecure?: readonly string[] | undefined;
  /** For all registries, whatever rules say of them: whether they have to prove by TLS who they are. */
  verify?: boolean | undefined;
  /** Folder with the certificates for all registries, in place of the usual ones for each. */
  certificates?: string | undefined;
  /** Remembers uploads that were cut. */
  uploads?: UploadLedger | undefined;
  logger?: Logger | undefined;
}

export interface Registries extends AsyncDisposable {
  /**
   * The repository that a reference names, for writing: where rules send it, never a mirror. Throws ERR_OCI_REFERENCE_INVALID,
   * ERR_REGISTRY_BLOCKED.
   */
  repository(reference: string): RegistryRepository;
  /**
   * The same for reading only, by way of the mirrors. `credentials` are shown to the registry that the reference names,
   * never to a mirror on another host.
   */
  mirrored(reference: string, credentials?: Credentials): ContentReader;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function openRegistries(env: Environment, options: RegistriesOptions = {}): Registries {
  const { rules = [], logger = silentLogger } = options;
  const clients = new Map<string, RegistryClient>();
  const own = authFileCredentials(authFiles(env), { helper: credentialStore(env) });
  const connect = (place: Place, credentials: CredentialsProvider): RegistryClient => {
    const { registry } = parseReference(place.reference);
    return new RegistryClient(registry, {
      credentials,
      trust: trustOf(place, registry, options),
      certificates: () => readCertificates(registry, { home: env['HOME'], folder: options.certificates }),
      uploads: options.uploads,
    });
  };
  const open = (place: Place): RegistryRepository => {
    const { registry, repository } = parseReference(place.reference);
    const key = `${registry} ${trustOf(place, registry, options)}`;
    const client = clients.get(key) ?? connect(place, own);
    clients.set(key, client);
    return client.repository(repository);
  };
  const openAs = (place: Place, credentials: Credentials): RegistryRepository => {
    // Not kept: the next pull may bring others. Its connections end by themselves.
    const client = connect(place, { credentialsFor: async () => credentials });
    return client.repository(parseReference(place.reference).repository);
  };
  return {
    repository(reference) {
      const place = placeToWrite(reference, rules);
      if (place.by) logger.log('warn', 'another place is written', { place: place.reference, by: place.by.from });
      return open(place);
    },
    mirrored(reference, credentials) {
      const { registry } = parseReference(reference);
      const places = placesToRead(reference, rules).map((place) =>
        credentials && parseReference(place.reference).registry === registry ? openAs(place, credentials) : open(place),
      );
      return firstOf(places, logger);
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients.values()) await client[Symbol.asyncDispose]();
    },
  };
}

function trustOf(place: Place, registry: string, { verify, insecure = [] }: RegistriesOptions): Trust {
  if (verify !== undefined) return verify ? 'verified' : 'unverified';
  return place.insecure || insecure.includes(registry) ? 'unverified' : 'usual';
}

/** Where podman, skopeo and docker keep credentials, the first that knows a registry wins (containers-auth.json(5)). */
function authFiles(env: Environment): string[] {
  const home = env['HOME'] ?? '/root';
  return [
    ...(env['REGISTRY_AUTH_FILE'] ? [env['REGISTRY_AUTH_FILE']] : []),
    ...(env['XDG_RUNTIME_DIR'] ? [join(env['XDG_RUNTIME_DIR'], 'containers', 'auth.json')] : []),
    join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'containers', 'auth.json'),
    join(env['DOCKER_CONFIG'] ?? join(home, '.docker'), 'config.json'),
  ];
}
