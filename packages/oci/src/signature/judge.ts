/** Whether an image is taken: its signatures held against what the policy demands. */
import { type Digest, harmless } from '@stillframe/core';
import type { ContentOptions, ContentReader } from '../content.ts';
import { ociError } from '../errors.ts';
import { formatReference, isReference, parseReference, type Reference } from '../reference.ts';
import { type AttachedSignature, readSignatures } from './attached.ts';
import type { VerifyingKey } from './keys.ts';
import { decodePayload } from './payload.ts';
import type { IdentityMatch, KeyPlace, Requirement, SignaturePolicy } from './policy.ts';
import { type AskedImage, requirementsFor } from './scope.ts';

export interface JudgeOptions extends ContentOptions {
  /** Reads a key of the policy. Throws where that cannot be. */
  openKey(place: KeyPlace): Promise<VerifyingKey>;
}

/**
 * Throws ERR_OCI_IMAGE_REFUSED, which names image, digest, the policy's scope and for each signature why it does not count; what
 * opening a key throws; and the errors of the store. Nothing of the image itself is read. Answers whether `store` was asked for
 * signatures: one that asks several places then has last asked for those.
 */
export async function demandAllowed(
  policy: SignaturePolicy,
  image: AskedImage,
  { store, digest }: { store: ContentReader; digest: Digest },
  options: JudgeOptions,
): Promise<boolean> {
  const { scope, requirements } = requirementsFor(policy, image);
  let signatures: readonly AttachedSignature[] | undefined;
  for (const requirement of requirements) {
    if (requirement.type === 'insecureAcceptAnything') continue;
    if (requirement.type === 'sigstoreSigned') signatures ??= await readSignatures(store, digest, options);
    const faults = await faultsOf(requirement, signatures ?? [], { image, digest }, options);
    if (!faults) continue;
    const message = `${nameOf(image)} (${digest}) is refused by the policy for ${scope}: ${faults.join('; ')}`;
    // No signature helps where none is asked for.
    const hint =
      requirement.type === 'sigstoreSigned'
        ? {}
        : { hint: 'only another row of the policy for it, or another policy, takes it' };
    throw ociError('ERR_OCI_IMAGE_REFUSED', message, {
      details: { image: nameOf(image), digest, scope, faults },
      ...hint,
    });
  }
  return signatures !== undefined;
}

/** Why a requirement does not hold; undefined where it does. */
async function faultsOf(
  requirement: Requirement,
  signatures: readonly AttachedSignature[],
  about: { image: AskedImage; digest: Digest },
  { openKey }: JudgeOptions,
): Promise<string[] | undefined> {
  if (requirement.type === 'unsupported') return [requirement.what];
  if (requirement.type !== 'sigstoreSigned') return ['it rejects all'];
  const keys = await Promise.all(requirement.keys.map(openKey));
  const faults = signatures.map((signature) => faultOf(signature, keys, requirement.identity, about));
  if (faults.includes(undefined)) return undefined;
  if (faults.length === 0) return ['a signature is required, and it has none'];
  return faults.map((fault, at) => `signature ${at + 1} ${fault}`);
}

function faultOf(
  { payload, signature }: AttachedSignature,
  keys: readonly VerifyingKey[],
  identity: IdentityMatch,
  { image, digest }: { image: AskedImage; digest: Digest },
): string | undefined {
  // Before anything of the payload is looked at: only then is it anybody's word.
  if (!keys.some((key) => key.verifies(payload, signature))) return 'is by none of the keys';
  const claim = decodePayload(payload);
  if (typeof claim === 'string') return `counts for nothing: ${claim}`;
  if (claim.digest !== digest) return `is about another image (${claim.digest})`;
  if (matches(identity, image, claim.reference)) return undefined;
  return `calls it ${harmless(claim.reference)}, which is not what was asked for (${identity.type})`;
}

/** Whether the signer's name for the image is one that is expected. */
export function matches(identity: IdentityMatch, image: AskedImage, signed: string): boolean {
  if (!isReference(signed)) return false;
  const claimed = parseReference(signed);
  const named = hasVersion(signed);
  if (identity.type === 'exactReference') return named && equal(parseReference(identity.dockerReference), claimed);
  if (identity.type === 'exactRepository') return sameRepository(parseReference(identity.dockerRepository), claimed);
  // A layout's image has no name of that kind.
  if (image.transport !== 'docker') return false;
  const { reference } = image;
  switch (identity.type) {
    case 'matchRepository':
      return sameRepository(reference, claimed);
    case 'matchExact':
      return named && equal(reference, claimed);
    case 'matchRepoDigestOrExact':
      return named && repoDigestOrExact(reference, claimed);
    case 'remapIdentity':
      return named && repoDigestOrExact(remapped(identity, reference), claimed);
  }
}

function repoDigestOrExact(asked: Reference, claimed: Reference): boolean {
  if (asked.tag === undefined && asked.digest !== undefined) return sameRepository(asked, claimed);
  return equal(asked, claimed);
}

function remapped({ prefix, signedPrefix }: { prefix: string; signedPrefix: string }, reference: Reference): Reference {
  const name = `${reference.registry}/${reference.repository}`;
  if (name !== prefix && !name.startsWith(`${prefix}/`)) return reference;
  const text = `${signedPrefix}${formatReference(reference).slice(prefix.length)}`;
  return isReference(text) ? parseReference(text) : reference;
}

const equal = (a: Reference, b: Reference) => formatReference(a) === formatReference(b);
const sameRepository = (a: Reference, b: Reference) => a.registry === b.registry && a.repository === b.repository;

/** A reference without tag and digest is read as `latest`, which its writer need not have meant. */
const hasVersion = (text: string) => text.includes('@') || /:[^/]*$/.test(text);

function nameOf(image: AskedImage): string {
  return image.transport === 'docker'
    ? formatReference(image.reference)
    : `${image.transport}:${image.path}:${image.tag}`;
}
