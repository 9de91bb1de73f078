/** What proves a capture: its statement, who signed it, and who had it since. */
export { addAskers } from './add-askers.ts';
export { type CaptureAsker, MOST_ASKERS } from './askers.ts';
export {
  type CaptureEvidence,
  decodeCapture,
  decodeContents,
  encodeCapture,
  evidencePath,
  type RecordedCapture,
  type RecordedContents,
} from './capture.ts';
export {
  CUSTODY_LINE_LIMIT,
  type CustodyEntry,
  type CustodyFacts,
  type CustodyTail,
  custodyPath,
  encodeCustody,
} from './custody.ts';
export { CustodyChecker, type CustodyFault, type CustodyReport } from './custody-check.ts';
export type { DigestsAfter, UntoldPause } from './digests-after.ts';
export { decodeEnvelope, type Envelope, encodeEnvelope } from './envelope.ts';
export { evidenceError } from './errors.ts';
export {
  makeSigningKey,
  publicPemOf,
  readSigningKey,
  readVerifyingKey,
  type SigningKey,
  type VerifyingKey,
} from './key.ts';
export {
  type EntryRange,
  isMemory,
  type Measured,
  type MeasuredEntry,
  type MeasuredMemory,
  measure,
} from './measure.ts';
export {
  decodePodCapture,
  encodePodCapture,
  type PodCaptureEvidence,
  type PodDocument,
  type PodPart,
  type RecordedPod,
} from './pod-capture.ts';
export { preAuthEncoding, signEnvelope, signEnvelopeText } from './sign.ts';
export { statementDigestOf } from './statement.ts';
export { type CheckedSignature, isSignatureOf, verifyEnvelope } from './verify.ts';
