/** Private keys. */
import type { Detector } from './detector.ts';
import { verifyPem } from './pem.ts';
import { exampleDoubt, fromBase64, holdsBech32 } from './proof.ts';

export const keyDetectors: readonly Detector[] = [
  {
    ...{ id: 'private-key', title: 'private key', opens: 'private key', isGeneral: true },
    rotate: 'make another key, revoke its certificates, take the public one out of authorized_keys and the like',
    source: '-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\\\\\\s:,-]{60,3950}',
    anchors: ['PRIVATE KEY-----'],
    verify: verifyPem,
  },
  {
    ...{ id: 'age-key', title: 'age identity', opens: 'private key' },
    rotate: 'make another identity and encrypt anew what this one opens; copies stay open to it',
    source: 'AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}',
    anchors: ['AGE-SECRET-KEY-1'],
    verify({ text }) {
      const holds = holdsBech32(text);
      const doubt = exampleDoubt(text) ?? (holds ? undefined : 'its checksum does not hold');
      return { value: text, proof: holds ? 'checksum' : 'form', doubt };
    },
  },
  {
    ...{ id: 'minisign-key', title: 'minisign secret key', opens: 'private key' },
    rotate: 'make another key pair, publish it, and sign anew what is still offered',
    source: 'RWRTY0Iy[A-Za-z0-9+/]{200,208}={0,2}',
    anchors: ['RWRTY0Iy'],
    verify: ({ text }) =>
      fromBase64(text)?.length === 158 ? { value: text, proof: 'structure', facts: { encrypted: true } } : undefined,
  },
];
