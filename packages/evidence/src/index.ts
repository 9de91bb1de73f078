export { type CaptureEvidence, decodeCapture, encodeCapture, evidencePath, type RecordedCapture } from './capture.ts';
export { decodeEnvelope, type Envelope, encodeEnvelope } from './envelope.ts';
export { evidenceError } from './errors.ts';
