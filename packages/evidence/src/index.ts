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
  type CustodyFacts,
  type CustodyTail,
  custodyPath,
  encodeCustody,
  parseCustody,
} from './custody.ts';
export { CustodyChecker, type CustodyFault, type CustodyReport } from './custody-check.ts';
export { decodeEnvelope } from './envelope.ts';
export { evidenceError } from './errors.ts';
export {
  decodeJudgement,
  encodeJudgement,
  JUDGEMENT_PARTS,
  type Judgement,
  type RecordedJudgement,
} from './judgement.ts';
export {
  makeSigningKey,
  publicPemOf,
  readSigningKey,
  readVerifyingKey,
  type SigningKey,
  type VerifyingKey,
} from './key.ts';
export { type Measured, type MeasuredEntry, measure } from './measure.ts';
export {
  decodePodCapture,
  encodePodCapture,
  type PodCaptureEvidence,
  type PodPart,
  type RecordedPod,
} from './pod-capture.ts';
export { signEnvelopeText } from './sign.ts';
export { statementDigestOf } from './statement.ts';
export { type CheckedSignature, verifyEnvelope } from './verify.ts';
