/** Signatures of images, and the policy that asks for them. */
export { type AttachedSignature, addSignature, readSignatures, signatureTag } from './attached.ts';
export { demandAllowed, type JudgeOptions } from './judge.ts';
export { parseSigningKey, parseVerifyingKey, type SigningKey, type VerifyingKey } from './keys.ts';
export { decodePayload, encodePayload, type SignedClaim } from './payload.ts';
export { type KeyPlace, MAX_POLICY, parsePolicy, type SignaturePolicy } from './policy.ts';
export type { AskedImage } from './scope.ts';
