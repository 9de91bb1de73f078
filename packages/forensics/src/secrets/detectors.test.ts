/** No secret stands in this file as it would be found: each is put together while the test runs, so that no scanner is alarmed. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { rateOf } from '../search/anchor.ts';
import { compilePatterns } from '../search/compile.ts';
import { scanBytes } from '../search/scan-bytes.ts';
import type { Verdict } from './detector.ts';
import { detectors } from './detectors.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** So many characters that look random and are the same in every run. */
function random(length: number, alphabet = BASE62): string {
  const digits = createHash('sha512').update(`${length} ${alphabet}`).digest();
  return Array.from({ length }, (_, i) => {
    const byte = createHash('sha256').update(digits).update(String(i)).digest()[0] ?? 0;
    return alphabet[byte % alphabet.length];
  }).join('');
}

function withCrc(body: string): string {
  let rest = crc32(Buffer.from(body));
  let end = '';
  for (let i = 0; i < 6; i += 1) {
    end = BASE62[rest % 62] + end;
    rest = Math.floor(rest / 62);
  }
  return body + end;
}

const HEX = '0123456789abcdef';
const base64 = (bytes: number) => Buffer.from(random(bytes)).toString('base64');
const url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const pkcs8 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const rsaPem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
const sealedPem = rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' }).toString();
const jwt = (claims: object) => `${url({ alg: 'RS256', kid: '1' })}.${url(claims)}.${random(86)}`;
const key40 = random(40, `${BASE62}+/`);

/** Text in which each detector finds something, with what it finds; undefined: the text itself. */
const FOUND: Readonly<Record<string, readonly [text: string, value?: string]>> = {
  'aws-access-key-id': [`AKIA${random(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`],
  'aws-secret-access-key': [`aws_secret_access_key = ${key40}\n`, key40],
  'aws-session-token': [`IQoJb3JpZ2lu${random(300)}`],
  'gcp-service-account': [
    `{"private_key_id": "${random(40, HEX)}", "private_key": ${JSON.stringify(rsaPem)}, "client_email": "a@b.iam"}`,
  ],
  'gcp-api-key': [`AIza${random(35)}`],
  'gcp-access-token': [`ya29.${random(120)}`],
  'gcp-client-secret': [`GOCSPX-${random(28)}`],
  'azure-storage-key': [`AccountName=shop;AccountKey=${base64(64)};`, base64(64)],
  'azure-sas': [`https://a.example/c?sv=2022-11-02&se=2026-01-01&sig=${random(43)}%3D`, `${random(43)}%3D`],
  'azure-client-secret': [`${random(3)}8Q~${random(34)}`],
  'digitalocean-token': [`dop_v1_${random(64, HEX)}`],
  'heroku-key': [`HRKU-AA${random(58)}`],
  jwt: [jwt({ iss: 'https://a', sub: 'me', exp: 1000 })],
  'kubeconfig-key': [
    `client-key-data: ${Buffer.from(pkcs8).toString('base64')}\n`,
    Buffer.from(pkcs8).toString('base64'),
  ],
  'github-token': [`ghp_${withCrc(random(30))}`],
  'github-fine-grained-token': [`github_pat_${random(22)}_${random(59)}`],
  'gitlab-token': [`glpat-${random(20)}`],
  'npm-token': [`npm_${withCrc(random(30))}`],
  'pypi-token': [`pypi-AgEIcHlwaS5vcmc${random(120)}`],
  'docker-auth': [
    `{"auths":{"reg.example":{"auth":"${Buffer.from('me:hunter22').toString('base64')}"}}}`,
    Buffer.from('me:hunter22').toString('base64'),
  ],
  'terraform-token': [`${random(14)}.atlasv1.${random(67)}`],
  'huggingface-token': [`hf_${random(34, 'abcdefghijklmnopqrstuvwxyzABCDEFGH')}`],
  'vault-token': [`hvs.${random(90)}`],
  'slack-token': [`xoxb-${random(12, '123456789')}-${random(24)}`],
  'slack-webhook': [
    `https://hooks.slack.com/services/T${random(9, 'ABCDEF123')}/B${random(9, 'ABCDEF123')}/${random(24)}`,
  ],
  'stripe-key': [`sk_live_${random(24)}`],
  'twilio-key': [`SK${random(32, HEX)}`],
  'sendgrid-key': [`SG.${random(22)}.${random(43)}`],
  'openai-key': [`sk-proj-${random(60)}T3BlbkFJ${random(60)}`],
  'anthropic-key': [`sk-ant-api03-${random(95)}`],
  'telegram-token': [`${random(9, '123456789')}:AA${random(33)}`],
  'sentry-dsn': [`https://${random(32, HEX)}:${random(32, HEX)}@sentry.shop.test/12`],
  'private-key': [rsaPem],
  'age-key': [`AGE-SECRET-KEY-1${random(58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')}`],
  'minisign-key': [Buffer.concat([Buffer.from('EdScB2'), Buffer.from(random(152))]).toString('base64')],
  'url-password': [`postgres://shop:${random(12)}@db.shop.test:5432/x`, random(12)],
  'authorization-header': [`Host: api.shop.test\r\nAuthorization: Bearer ${random(40)}\r\n`, random(40)],
  'secret-variable': [`\0PGPASSWORD=${random(14)}\0`, random(14)],
  'password-hash': [`root:$6$${random(16)}$${random(86)}:19000:0`, `$6$${random(16)}$${random(86)}`],
  netrc: [`machine ftp.shop.test login me password ${random(9)}\n`, random(9)],
  pgpass: [`db.shop.test:5432:orders:shop:${random(11)}\n`, random(11)],
};

async function found(text: string | Buffer, capturedAt?: number): Promise<readonly (Verdict & { id: string })[]> {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  const patterns = detectors.map(({ id, source, anchors }) => ({
    id,
    pattern: { kind: 'regex', source, anchors } as const,
  }));
  const verdicts: (Verdict & { id: string })[] = [];
  const stream = (async function* () {
    yield bytes;
  })();
  for await (const match of scanBytes(patterns, stream, { context: 512 })) {
    const around = Buffer.from(match.context).toString('latin1');
    const [start, end] = [match.contextOffset, match.contextOffset + match.bytes];
    const candidate = { text: around.slice(start, end), before: around.slice(0, start), after: around.slice(end) };
    const verdict = detectors.find(({ id }) => id === match.pattern)?.verify({ ...candidate, capturedAt });
    if (verdict) verdicts.push({ id: match.pattern, ...verdict });
  }
  return verdicts;
}

test('every detector has a text here, an id of its own, and finds what it is for', async () => {
  assert.deepEqual(Object.keys(FOUND).sort(), detectors.map(({ id }) => id).sort());
  for (const [id, [text, value]] of Object.entries(FOUND)) {
    const own = (await found(` ${text} `)).filter((each) => each.id === id);
    assert.equal(own.length, 1, id);
    if (value !== undefined) assert.equal(own[0]?.value, value, id);
  }
});

test('every match holds one of the anchors of its detector', () => {
  for (const [id, [text]] of Object.entries(FOUND)) {
    const { anchors } = detectors.find((each) => each.id === id) ?? { anchors: [] };
    assert.ok(
      anchors.some((anchor) => text.includes(anchor)),
      id,
    );
  }
});

test('what memory is looked through for is rare in it, whatever the form', () => {
  for (const { id, source, anchors } of detectors) {
    const [{ anchors: sought } = { anchors: [] }] = compilePatterns([
      { id, pattern: { kind: 'regex', source, anchors } },
    ]);
    assert.ok(sought.length > 0 && rateOf(sought) < 1e-4, `${id}: ${rateOf(sought)}`);
  }
});

test('a checksum that holds is told, one that does not is doubted', async () => {
  const [good] = await found(`ghp_${withCrc(random(30))} `);
  const [bad] = await found(`ghp_${random(36)} `);
  assert.deepEqual([good?.proof, good?.doubt], ['checksum', undefined]);
  assert.deepEqual([bad?.proof, bad?.doubt], ['form', 'its checksum does not hold']);
});

test('what documentations print is doubted or not told', async () => {
  const [key] = await found(`AKIAIOSFODNN7${'EXAMPLE'} `);
  assert.equal(key?.doubt, 'an example of a documentation');
  const [secret] = await found(`aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCY${'EXAMPLEKEY'}\n`);
  assert.equal(secret?.doubt, 'an example of a documentation');
  const [database] = await found(`postgres://me:${random(12)}@db.example.com/x `);
  assert.equal(database?.doubt, 'an example of a documentation');
  const none = [
    'postgres://user:password@host/db ',
    `redis://:\${REDIS_PASSWORD}@host `,
    '\0DB_PASSWORD=%s\0',
    '\0DB_PASSWORD=/run/secrets/db\0',
    '\0API_TOKEN=changeme\0',
    '\0API_TOKEN=********\0',
    'the TOKEN=abcdefgh of a sentence',
    `-----BEGIN ${'PRIVATE KEY'}-----\nnot a key at all, but a text about keys which is long enough to be one\n`,
    'Authorization: Bearer <your-token-goes-here>\n',
  ];
  for (const text of none) assert.deepEqual(await found(text), [], text);
});

test('a private key says how it is guarded, and is the same secret in a file and in JSON', async () => {
  const [plain] = await found(rsaPem);
  const [inJson] = await found(JSON.stringify({ key: rsaPem }));
  assert.equal(plain?.value, inJson?.value);
  assert.deepEqual(plain?.facts, { format: 'RSA PRIVATE KEY', encrypted: false, whole: true });
  const [sealed] = await found(sealedPem);
  assert.equal(sealed?.facts?.['encrypted'], true);
  const [cut] = await found(`${rsaPem.slice(0, 800)}\0`);
  assert.equal(cut?.facts?.['whole'], false);
});

test('a token says whose it is and whether it had ended when memory was captured', async () => {
  const claims = {
    iss: 'https://kubernetes.default.svc',
    sub: 'system:serviceaccount:shop:api',
    aud: ['a', 'b'],
    exp: 2000,
  };
  const [before] = await found(jwt({ ...claims, 'kubernetes.io': {} }), 1_999_000);
  assert.equal(before?.title, 'Kubernetes service-account token');
  assert.equal(before?.opens, 'cluster');
  assert.deepEqual(before?.facts, {
    ...{ alg: 'RS256', iss: claims.iss, sub: claims.sub, aud: 'a b' },
    ...{ ends: '1970-01-01T00:33:20.000Z', expiredAtCapture: false },
  });
  const [after] = await found(jwt(claims), 2_000_000);
  assert.equal(after?.facts?.['expiredAtCapture'], true);
});

test('the secret key of AWS tells which id is beside it, and not that id itself', async () => {
  const id = `AKIA${random(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`;
  const both = await found(`[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${key40}\n`);
  assert.equal(both[0]?.facts?.['secretKeyBeside'], true);
  assert.match(String(both[1]?.facts?.['accessKeyId']), /^#[0-9a-f]{12}$/);
});

test('no detector throws, whatever the bytes', () => {
  const text = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(
    fc.property(text, text, text, fc.option(fc.integer(), { nil: undefined }), (middle, before, after, capturedAt) => {
      for (const { verify } of detectors) verify({ text: middle, before, after, capturedAt });
    }),
  );
});

test('no detector throws over what looks like its secret and is damaged', () => {
  const texts = Object.values(FOUND).map(([text]) => text);
  const damage = fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.uint8Array({ maxLength: 8 }));
  fc.assert(
    fc.property(damage, ([text, at, bytes]) => {
      const start = at % (text.length + 1);
      const damaged = text.slice(0, start) + Buffer.from(bytes).toString('latin1') + text.slice(start + bytes.length);
      for (const { verify } of detectors) verify({ text: damaged, before: '', after: '', capturedAt: 0 });
    }),
    { numRuns: 2000 },
  );
});
