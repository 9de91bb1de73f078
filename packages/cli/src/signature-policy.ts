/** Which images commands take: the policy that podman and skopeo heed too, asked before anything of an image is used. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, isCode, readAll, systemCode } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import {
  type AskedImage,
  type ContentReader,
  type Descriptor,
  demandAllowed,
  type KeyPlace,
  Layout,
  MAX_KEY_FILE,
  MAX_POLICY,
  parsePolicy,
  parseReference,
  parseVerifyingKey,
  type SignaturePolicy,
} from '@stillframe/oci';
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { parseLocation } from './open-location.ts';
import { cliError } from './usage.ts';

/** What commander gives for `withPolicy`. */
export interface PolicyOptions {
  policy?: string | undefined;
  insecurePolicy?: boolean | undefined;
}

/** `--policy` and `--insecure-policy`, in skopeo's words, for commands that read images. */
export function withPolicy(command: Command): Command {
  return command
    .option(
      '--policy <file>',
      'which images are taken, as containers-policy.json(5) has it; podman’s own file by default, where there is one',
    )
    .option('--insecure-policy', 'take any image, signed or not');
}

type Surroundings = Pick<Io, 'env' | 'signal'>;

/**
 * The policy that holds: that of the options, else the user's, else the machine's; undefined where there is none, which lets
 * every image in. Throws ERR_OCI_POLICY_INVALID, ERR_FILE_UNREADABLE, ERR_USAGE_ARGUMENT.
 */
async function openPolicy(
  { policy, insecurePolicy }: PolicyOptions,
  io: Surroundings,
): Promise<SignaturePolicy | undefined> {
  if (policy !== undefined && insecurePolicy) {
    throw cliError('ERR_USAGE_ARGUMENT', '--policy says which images are taken, --insecure-policy that all are');
  }
  if (insecurePolicy) return undefined;
  if (policy !== undefined) return await readPolicy(policy, io);
  const home = io.env['HOME'];
  const own = home === undefined ? [] : [join(home, '.config/containers/policy.json')];
  for (const path of [...own, '/etc/containers/policy.json']) {
    try {
      return await readPolicy(path, io);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return undefined;
}

/** What a tag or digest of `store` stands for now, once the policy lets it in. Throws what `resolve` and demandAllowed throw. */
export async function resolveAllowed(
  { store, tag }: { store: ContentReader; tag: string },
  text: string,
  options: PolicyOptions,
  io: Surroundings,
): Promise<Descriptor> {
  return await resolveAs(() => askedImage(text, tag), { store, tag }, options, io);
}

/**
 * The layout in a folder or a tar file, named by its path alone, as one that resolves only what the policy lets in.
 */
export function policedLayout(
  store: ContentReader,
  path: string,
  options: PolicyOptions,
  io: Surroundings,
): ContentReader {
  const transport = store instanceof Layout ? 'oci' : 'oci-archive';
  return {
    ...boundReader(store),
    resolve: (tag) =>
      resolveAs(async () => ({ transport, path: await realpath(path), tag }), { store, tag }, options, io),
  };
}

async function resolveAs(
  asked: () => Promise<AskedImage>,
  { store, tag }: { store: ContentReader; tag: string },
  options: PolicyOptions,
  io: Surroundings,
): Promise<Descriptor> {
  const descriptor = await store.resolve(tag, { signal: io.signal });
  const policy = await openPolicy(options, io);
  return policy ? await letIn(policy, await asked(), { store, descriptor }, io) : descriptor;
}

/** What was resolved, once the policy lets it in. Throws what demandAllowed throws. */
async function letIn(
  policy: SignaturePolicy,
  image: AskedImage,
  { store, descriptor }: { store: ContentReader; descriptor: Descriptor },
  { signal }: Pick<Io, 'signal'>,
): Promise<Descriptor> {
  const openKey = (place: KeyPlace) => keyAt(place, { signal });
  const looked = await demandAllowed(policy, image, { store, digest: descriptor.digest }, { signal, openKey });
  // Where a mirror answered for the signatures, this finds the one again that has the image.
  return looked ? await store.resolve(descriptor.digest, { signal }) : descriptor;
}

/**
 * `reader` of the repository that a reference names, as one that resolves only what the policy in `file` lets in. The file is read
 * anew each time; where it cannot be read nothing is let in.
 */
export function policedReader(reader: ContentReader, reference: string, file: string): ContentReader {
  return {
    ...boundReader(reader),
    async resolve(tag, { signal = new AbortController().signal } = {}) {
      const io = { signal, env: {} };
      const descriptor = await reader.resolve(tag, { signal });
      const image = { transport: 'docker', reference: parseReference(reference) } as const;
      return await letIn(await readPolicy(file, io), image, { store: reader, descriptor }, io);
    },
  };
}

/** A repository is a class, whose methods lie in its prototype. */
function boundReader(reader: ContentReader): ContentReader {
  return {
    resolve: (reference, options) => reader.resolve(reference, options),
    manifest: (descriptor, options) => reader.manifest(descriptor, options),
    stream: (descriptor, options) => reader.stream(descriptor, options),
    open: (descriptor, options) => reader.open(descriptor, options),
    ...(reader.place ? { place: reader.place } : {}),
    ...(reader.referrers ? { referrers: reader.referrers.bind(reader) } : {}),
  };
}

/** The image that `text` names, in the policy's words. */
async function askedImage(text: string, tag: string): Promise<AskedImage> {
  const location = parseLocation(text);
  if (location.kind === 'registry') return { transport: 'docker', reference: location.reference };
  return { transport: 'oci', path: await realpath(location.path), tag };
}

async function readPolicy(path: string, { signal }: Surroundings): Promise<SignaturePolicy> {
  await using file = await openFileSource(path);
  return parsePolicy(new TextDecoder().decode(await readAll(file, { limit: MAX_POLICY, signal })), path);
}

/** A key that a policy names. Throws ERR_FILE_UNREADABLE, ERR_OCI_KEY_INVALID. */
async function keyAt(place: KeyPlace, { signal }: Pick<Io, 'signal'>) {
  if ('pem' in place) {
    const bytes = await readAll(bytesSource(place.pem), { limit: MAX_KEY_FILE });
    return parseVerifyingKey(bytes, 'a key in the policy');
  }
  await using file = await openFileSource(place.path);
  return parseVerifyingKey(await readAll(file, { limit: MAX_KEY_FILE, signal }), place.path);
}

function isMissing(error: unknown): boolean {
  if (!isCode(error, 'ERR_FILE_UNREADABLE')) return systemCode(error) === 'ENOENT';
  return systemCode((error as Error).cause) === 'ENOENT';
}
