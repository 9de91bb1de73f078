/** Private keys in PEM (RFC 7468), as OpenSSH writes them, and as they stand in JSON with escaped line ends. */
import type { Candidate, Verdict } from './detector.ts';
import { fromBase64 } from './proof.ts';

/** Characters of base64 without which it is no key: the smallest, of Ed25519, has 64. */
const SHORTEST = 60;

/** A key with its base64 in one line, the same however its lines end; undefined where it is none. */
export function normalPem(text: string): string | undefined {
  const parts = read(text);
  return parts && pem(parts);
}

function pem({ label, headers, body }: { label: string; headers: string; body: string }): string {
  // Of an old-style encrypted key the headers say how; without them it opens nothing.
  const guard = headers === '' ? '' : `${headers.trim()}\n\n`;
  return `-----BEGIN ${label}-----\n${guard}${body}\n-----END ${label}-----\n`;
}

function read(text: string): { label: string; body: string; headers: string; isWhole: boolean } | undefined {
  const label = /^-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----/.exec(text)?.[1];
  if (label === undefined) return undefined;
  const end = text.indexOf('-----END ');
  const inside = text.slice(label.length + 16, end < 0 ? undefined : end).replaceAll(/\\r|\\n|\r/g, '\n');
  const headers = /^\s*(?:[A-Za-z-]+: [^\n]*\n)+/.exec(inside)?.[0] ?? '';
  const body = /^[A-Za-z0-9+/=\n ]*/.exec(inside.slice(headers.length))?.[0].replaceAll(/[\n ]/g, '') ?? '';
  return body.length < SHORTEST ? undefined : { label, body, headers, isWhole: end >= 0 };
}

/** Whether there is a key in it, of which kind, and whether a passphrase guards it. */
export function verifyPem({ text }: Candidate): Verdict | undefined {
  const key = read(text);
  const bytes = key && fromBase64(key.isWhole ? key.body : key.body.slice(0, key.body.length & ~3));
  if (!key || !bytes) return undefined;
  const isOpenSsh = bytes.subarray(0, 14).toString('latin1') === 'openssh-key-v1';
  const isWrapped = /^(?:Proc-Type: 4,ENCRYPTED|DEK-Info)/m.test(key.headers);
  if (!isOpenSsh && !isWrapped && bytes[0] !== 0x30) return undefined;
  // The name of the cipher: a length of four bytes behind the NUL of the magic.
  const cipher = isOpenSsh ? bytes.subarray(19, 19 + Math.min(64, bytes.readUInt32BE(15))).toString('latin1') : '';
  const encrypted = isWrapped || key.label.startsWith('ENCRYPTED') || (isOpenSsh && cipher !== 'none');
  const facts = { format: key.label, encrypted, whole: key.isWhole };
  return { value: pem(key), proof: 'structure', facts };
}
