/** Signatures of images, and the policy that asks for them. */
export { addSignature, readSignatures, signatureTag } from './attached.ts';
export { demandAllowed } from './judge.ts';
export { parseSigningKey, parseVerifyingKey, type SigningKey } from './keys.ts';
export { decodePayload, encodePayload, type SignedClaim } from './payload.ts';
export { type KeyPlace, MAX_POLICY, parsePolicy, type SignaturePolicy } from './policy.ts';
export type { AskedImage } from './scope.ts';
