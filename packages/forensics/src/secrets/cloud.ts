/** Keys of clouds. */
import type { Detector } from './detector.ts';
import { normalPem } from './pem.ts';
import { exampleDoubt, fingerprintOf, fromBase64, isRandom } from './proof.ts';
import { namedDetector, tokenDetector } from './token-detector.ts';

const AWS_KEY = 'deactivate the key in IAM, make another, and look for its use in CloudTrail';
const AWS_SECRET = '(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY|SecretAccessKey|secretAccessKey|AWS_SECRET_KEY)';
const AZURE_STORAGE = 'regenerate both keys of the storage account, one after the other';

const cloud = { opens: 'cloud account' } as const;

export const cloudDetectors: readonly Detector[] = [
  {
    ...{ id: 'aws-access-key-id', title: 'AWS access key id', ...cloud, rotate: AWS_KEY },
    source: '(?<![A-Za-z0-9/+])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9/+=])',
    anchors: ['AKIA', 'ASIA'],
    verify({ text, before, after }) {
      const example = exampleDoubt(text);
      if (!isRandom(text.slice(4), 2.5) && example === undefined) return undefined;
      // Its secret stands beside it in credentials files, environments and answers of the metadata service.
      const withSecret = new RegExp(`${AWS_SECRET}["'\\s:=\\0]{1,10}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])`);
      const facts = { temporary: text.startsWith('ASIA'), secretKeyBeside: withSecret.test(`${before}\0${after}`) };
      return { value: text, proof: 'form', doubt: example, facts };
    },
  },
  namedDetector(
    {
      ...{ id: 'aws-secret-access-key', title: 'AWS secret access key', ...cloud, rotate: AWS_KEY },
      source: `${AWS_SECRET}["'\\s:=\\\\]{1,10}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])`,
      anchors: ['ecret_access_key', 'SECRET_ACCESS_KEY', 'ecretAccessKey', 'AWS_SECRET_KEY'],
    },
    /([A-Za-z0-9/+]{40})$/,
    (secret, { before, after }) => {
      const id = /(?:AKIA|ASIA)[A-Z2-7]{16}/.exec(`${before.slice(-256)}\0${after.slice(0, 256)}`)?.[0];
      const doubt = exampleDoubt(secret);
      if (!isRandom(secret, 3.5)) return undefined;
      return { proof: 'form', doubt, facts: { accessKeyId: id && `#${fingerprintOf(id)}` } };
    },
  ),
  {
    ...{ id: 'aws-session-token', title: 'AWS session token', ...cloud },
    rotate: 'end the sessions of the role in IAM (revoke active sessions); it ends by itself within hours',
    source: '(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9/+]{100,2000}={0,2}',
    anchors: ['IQoJb3JpZ2lu', 'FwoGZXIvYXdz', 'FQoGZXIvYXdz'],
    verify: ({ text }) => (isRandom(text, 4) ? { value: text, proof: 'structure' } : undefined),
  },
  {
    ...{ id: 'gcp-service-account', title: 'key of a Google service account', ...cloud },
    rotate: 'delete the key of that id in IAM, and make another or use workload identity',
    source:
      '"private_key_id"\\s{0,4}:\\s{0,4}"[0-9a-f]{40}"\\s{0,4},\\s{0,4}"private_key"\\s{0,4}:\\s{0,4}"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[A-Za-z0-9+/=\\\\\\s-]{100,3700}',
    anchors: ['"private_key_id"'],
    verify({ text, after }) {
      const value = normalPem(text.slice(text.indexOf('-----BEGIN')));
      const keyId = /[0-9a-f]{40}/.exec(text)?.[0] ?? '';
      const account = /"client_email"\s{0,4}:\s{0,4}"([\w.@-]{3,200})"/.exec(after)?.[1];
      return value === undefined ? undefined : { value, proof: 'structure', facts: { keyId, account } };
    },
  },
  tokenDetector({
    ...{ id: 'gcp-api-key', title: 'Google API key', ...cloud, prefix: 4 },
    rotate: 'make a new key in the console, restrict it, delete this one',
    source: 'AIza[A-Za-z0-9_-]{35}',
    anchors: ['AIza'],
  }),
  tokenDetector({
    ...{ id: 'gcp-access-token', title: 'Google OAuth access token', ...cloud, prefix: 5 },
    rotate: 'revoke it at the OAuth endpoint; it ends by itself within an hour',
    source: 'ya29\\.[A-Za-z0-9_-]{60,1000}',
    anchors: ['ya29.'],
  }),
  tokenDetector({
    ...{ id: 'gcp-client-secret', title: 'Google OAuth client secret', ...cloud, prefix: 7 },
    rotate: 'add another secret to the OAuth client, then delete this one',
    source: 'GOCSPX-[A-Za-z0-9_-]{28}',
    anchors: ['GOCSPX-'],
  }),
  namedDetector(
    {
      ...{ id: 'azure-storage-key', title: 'Azure account or shared access key', ...cloud, rotate: AZURE_STORAGE },
      source: '(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{42,86}={1,2}',
      anchors: ['AccountKey=', 'SharedAccessKey='],
    },
    /=([A-Za-z0-9+/]+=+)$/,
    (secret, { before, after }) => {
      const bytes = fromBase64(secret)?.length;
      if ((bytes !== 64 && bytes !== 32) || !isRandom(secret, 3.5)) return undefined;
      const account = /AccountName=([a-z0-9]{3,24})/.exec(`${before}\n${after}`)?.[1];
      return { proof: 'structure', doubt: exampleDoubt(secret), facts: { account } };
    },
  ),
  namedDetector(
    {
      ...{ id: 'azure-sas', title: 'Azure shared access signature', ...cloud },
      rotate: 'regenerate the key that signed it, or delete its access policy; it ends at its time by itself',
      source: '[?&]sig=[A-Za-z0-9%+/]{40,80}(?:%3[dD]|=)',
      anchors: ['?sig=', '&sig='],
    },
    /sig=(.+)$/,
    (secret, { before, after }) => {
      const query = `${/[^\s"'<>\0]*$/.exec(before)?.[0] ?? ''}&${/^[^\s"'<>\0]*/.exec(after)?.[0] ?? ''}`;
      if (!/[?&]sv=20\d\d-/.test(query) || !/[?&]s[ei]=/.test(query) || !isRandom(secret, 3.5)) return undefined;
      const ends = /[?&]se=([0-9A-Za-z%:-]{10,40})/.exec(query)?.[1];
      return { proof: 'structure', facts: { ends } };
    },
  ),
  tokenDetector({
    ...{ id: 'azure-client-secret', title: 'Azure client secret', ...cloud, prefix: 0 },
    rotate: 'add another secret to the app registration, then remove this one',
    source: '[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}',
    anchors: ['Q~'],
  }),
  tokenDetector({
    ...{ id: 'digitalocean-token', title: 'DigitalOcean token', ...cloud, prefix: 7 },
    rotate: 'delete the token under API, and make another',
    source: 'do[opr]_v1_[0-9a-f]{64}',
    anchors: ['_v1_'],
  }),
  tokenDetector({
    ...{ id: 'heroku-key', title: 'Heroku API key', ...cloud, prefix: 7 },
    rotate: 'regenerate the API key of the account, revoke the authorization',
    source: 'HRKU-AA[A-Za-z0-9_-]{58}',
    anchors: ['HRKU-AA'],
  }),
];
