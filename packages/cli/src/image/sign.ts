/** `stillframe image sign`, and signing what `build`, `push` and `copy` write. */
import { createHash } from 'node:crypto';
import { harmless, messageOf, StillframeError } from '@stillframe/core';
import {
  addSignature,
  type ContentReader,
  type ContentStore,
  type ContentWriter,
  type Descriptor,
  decodePayload,
  encodePayload,
  formatReference,
  isReference,
  MAX_KEY_FILE,
  parseSigningKey,
  readSignatures,
  type SignedClaim,
  type SigningKey,
} from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from '../commands/command.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import type { Io } from '../io.ts';
import { readSecret } from '../key-files.ts';
import { openLocation, parseLocation } from '../open-location.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { cliError } from '../usage.ts';
import { IMAGE_HELP } from './help.ts';

/** What commander gives for `withSigning`. */
export interface SigningOptions {
  signKey?: string;
  signIdentity?: string;
}

const IDENTITY = [
  '--sign-identity <reference>',
  'what the signature calls the image: its registry, repository and tag; by default where it goes to',
] as const;

/** `--sign-key`, for commands that write images. */
export function withSigning(command: Command): Command {
  return command
    .option('--sign-key <file>', 'sign it with this private key, in PEM (`stillframe key generate`)')
    .option(...IDENTITY);
}

interface SignOptions {
  key: string;
  signIdentity?: string;
  output: string;
}

export function registerSign(group: Command, io: Io): void {
  const command = group
    .command('sign')
    .description('Sign an image as cosign does; signatures that it has stay')
    .argument('<image>', IMAGE_HELP)
    .requiredOption('--key <file>', 'private key in PEM (`stillframe key generate`)')
    .option(...IDENTITY)
    .addOption(outputOption('table', 'json'))
    .action(async (image: string, { key, signIdentity, output, ...flags }: SignOptions & RegistryFlags) => {
      const options = { signKey: key, ...(signIdentity === undefined ? {} : { signIdentity }) };
      const signer = await openSigner(options, [image], io);
      await using place = await openLocation(image, io, flags);
      const descriptor = await place.store.resolve(place.tag, { signal: io.signal });
      const signed = await signer?.(place.store, descriptor, image);
      const { digest } = descriptor;
      if (output === 'json') io.out(renderJson('SignedImage', 1, { image, digest, ...signed }));
      else io.out(`${image}\n${renderFacts([['manifest', digest]])}${signedLine(signed)}`);
    });
  withRegistry(command);
}

/** What one signature says. */
export interface Signed {
  identity: string;
  /** SHA-256 of the public key. */
  keyID: string;
}

/** A signature as people read it, a line; nothing where there is none. */
export function signedLine(signed: Signed | undefined): string {
  return signed
    ? renderFacts([['signed', `as ${harmless(signed.identity)}, by key ${signed.keyID.slice(0, 16)}…`]])
    : '';
}

export type Signer = (store: ContentStore, descriptor: Descriptor, target: string) => Promise<Signed>;

/**
 * Undefined without `--sign-key`. Everything that can be wrong is seen before an image is written: throws ERR_USAGE_ARGUMENT for
 * a target that has no name to sign, ERR_FILE_UNREADABLE, ERR_OCI_KEY_INVALID.
 */
export async function openSigner(
  { signKey, signIdentity }: SigningOptions,
  targets: readonly string[],
  io: Io,
): Promise<Signer | undefined> {
  if (signKey === undefined) {
    if (signIdentity !== undefined) throw cliError('ERR_USAGE_ARGUMENT', '--sign-identity needs --sign-key');
    return undefined;
  }
  for (const target of targets) identityOf(target, signIdentity);
  const key = parseSigningKey(await readSecret(signKey, MAX_KEY_FILE, io), signKey);
  return async (store, descriptor, target) => {
    const identity = identityOf(target, signIdentity);
    await signWith(key, { store, descriptor, identity }, io.signal);
    return { identity, keyID: key.id };
  };
}

async function signWith(
  key: SigningKey,
  { store, descriptor, identity }: { store: ContentStore; descriptor: Descriptor; identity: string },
  signal: AbortSignal,
): Promise<void> {
  const claim = { digest: descriptor.digest, reference: identity };
  const there = await readSignatures(store, descriptor.digest, { signal });
  if (there.some((each) => key.verifies(each.payload, each.signature) && says(each.payload, claim))) return;
  const payload = encodePayload(claim, 'stillframe', Math.floor(Date.now() / 1000));
  await addSignature(store, descriptor.digest, { payload, signature: key.sign(payload) }, { signal });
}

/** Signing once more what is signed would only make the list longer. */
function says(payload: Uint8Array, { digest, reference }: SignedClaim): boolean {
  const found = decodePayload(payload);
  return typeof found !== 'string' && found.digest === digest && found.reference === reference;
}

/** Throws ERR_USAGE_ARGUMENT. */
function identityOf(target: string, given: string | undefined): string {
  if (given !== undefined && !isReference(given)) {
    throw cliError('ERR_USAGE_ARGUMENT', `--sign-identity takes a reference, not ${JSON.stringify(given)}`);
  }
  if (given !== undefined) return given;
  const location = parseLocation(target);
  if (location.kind === 'registry') {
    const { registry, repository, tag, digest } = location.reference;
    return tag === undefined && digest !== undefined
      ? `${registry}/${repository}`
      : formatReference({ registry, repository, ...(tag === undefined ? {} : { tag }) });
  }
  throw cliError('ERR_USAGE_ARGUMENT', `${target} has no name that a signature could call it by`, {
    hint: 'say with --sign-identity which registry, repository and tag it is meant for',
  });
}

/**
 * Takes the signatures of an image along to where it was copied; what is there already stays, once. Where nobody can say whether there
 * are any, as behind a mirror that has none while the registry is down, that is told: the image itself is there.
 */
export async function copySignatures(
  from: ContentReader,
  to: ContentReader & ContentWriter,
  { digest }: Descriptor,
  { signal, err }: Pick<Io, 'signal' | 'err'>,
): Promise<void> {
  const found = await readSignatures(from, digest, { signal }).catch((error: unknown) => {
    if (!StillframeError.is(error) || error.kind !== 'unavailable') throw error;
    err(`warning: signatures are not copied: ${messageOf(error)}\n`);
    return [];
  });
  if (found.length === 0) return;
  const keyOf = ({ payload, signature }: { payload: Uint8Array; signature: Uint8Array }) =>
    createHash('sha256').update(payload).update(signature).digest('hex');
  const there = new Set((await readSignatures(to, digest, { signal })).map(keyOf));
  const missing = found.filter((each) => !there.has(keyOf(each)));
  for (const each of missing) await addSignature(to, digest, each, { signal });
}
