/** Credentials that open nothing, made anew in every run: well-formed, so that what looks for real ones finds them. */
import { createHmac, generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CredentialKind } from './truth.ts';

const DIGITS = '0123456789';
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BASE62 = DIGITS + CAPITALS + CAPITALS.toLowerCase();
/** AWS ids are of base 32. */
const BASE32 = `${CAPITALS}234567`;

/** One text of each kind. `kubeconfig` is a document that holds further ones. */
export type Credentials = Readonly<Record<CredentialKind, string>>;

/** Makes one of each. */
export function makeCredentials(): Credentials {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const jwt = expiredToken();
  return {
    'aws-access-key': ['AK', 'IA', letters(BASE32, 16)].join(''),
    'aws-secret-key': letters(`${BASE62}/+`, 40),
    'github-token': githubToken(),
    jwt,
    'private-key': privateKey,
    kubeconfig: kubeconfig(expiredToken()),
    'url-password': `postgres://shop:${letters(BASE62, 14)}@db.shop.svc:5432/orders`,
  };
}

/** 30 characters and a check sum of them, as GitHub makes them since 2021. */
function githubToken(): string {
  const text = letters(BASE62, 30);
  let sum = crc32(text);
  let check = '';
  for (let i = 0; i < 6; i++) {
    check = (BASE62[sum % 62] ?? '') + check;
    sum = Math.floor(sum / 62);
  }
  return ['gh', 'p_', text, check].join('');
}

/** Signed with a key that nobody keeps; it ended in 2020. */
function expiredToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://login.shop.example', sub: letters(DIGITS, 8), aud: 'orders', iat: 1577836800 };
  const signed = [part({ alg: 'HS256', typ: 'JWT' }), part({ ...claims, exp: 1577840400 })].join('.');
  return `${signed}.${createHmac('sha256', randomBytes(32)).update(signed).digest('base64url')}`;
}

function kubeconfig(token: string): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: shop
  cluster:
    server: https://10.96.0.1:443
    certificate-authority-data: ${randomBytes(48).toString('base64')}
users:
- name: admin
  user:
    token: ${token}
contexts:
- name: admin@shop
  context:
    cluster: shop
    user: admin
current-context: admin@shop
`;
}

function letters(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
