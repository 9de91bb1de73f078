/** X.509 certificates (RFC 5280) of a node: its authority, and what the authority signs. ECDSA P-256 throughout. */
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { ...CURVE, hash: 'SHA-256' };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Days that an authority and a certificate that it signs are valid. */
const VALID_DAYS = { authority: 3650, leaf: 365 } as const;

/** Who a certificate is of. The server's names are DNS names and IP addresses. */
export type Leaf =
  | { use: 'server'; commonName: string; names: readonly string[] }
  | { use: 'client'; commonName: string; organizations: readonly string[] };

/** A certificate that signs itself with `keyPem` (PKCS#8) and may sign leaves only. Returns PEM. */
export async function issueAuthority(keyPem: string, commonName: string, now: Date): Promise<string> {
  const { publicKey, privateKey } = await importKey(keyPem);
  const name = [{ CN: [commonName] }];
  const usage = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature;
  const certificate = await X509CertificateGenerator.create({
    ...validity(now, VALID_DAYS.authority),
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    publicKey,
    signingKey: privateKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(usage, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return pem(certificate);
}

/** A certificate for the key `keyPem` (PKCS#8), signed by the authority and valid for so many days. Returns PEM. */
export async function issueLeaf(
  keyPem: string,
  leaf: Leaf,
  authority: { certificatePem: string; keyPem: string },
  now: Date,
  days: number = VALID_DAYS.leaf,
): Promise<string> {
  const issuer = new X509Certificate(authority.certificatePem);
  const { publicKey } = await importKey(keyPem);
  const { privateKey } = await importKey(authority.keyPem);
  const certificate = await X509CertificateGenerator.create({
    ...validity(now, days),
    serialNumber: serialNumber(),
    subject: [
      ...(leaf.use === 'client' ? leaf.organizations.map((name) => ({ O: [name] })) : []),
      { CN: [leaf.commonName.slice(0, 64)] },
    ],
    issuer: issuer.subjectName.toJSON(),
    publicKey,
    signingKey: privateKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([
        leaf.use === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth,
      ]),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...alternativeNames(leaf),
    ],
  });
  return pem(certificate);
}

function alternativeNames(leaf: Leaf): Extension[] {
  if (leaf.use === 'client') return [];
  const names = leaf.names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
  return [new SubjectAlternativeNameExtension(names)];
}

async function importKey(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(keyPem);
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, CURVE, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', spki, CURVE, true, ['verify']),
  };
}

/** From an hour ago, so that a clock set back a little does not make a fresh certificate invalid. */
function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - HOUR), notAfter: new Date(now.getTime() + days * DAY) };
}

/** 16 random bytes, positive and without a leading zero as DER wants. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
