/** Passwords: in URLs, headers, variables and files that are made for them. */
import type { Detector } from './detector.ts';
import { fromBase64, isPlaceholder, isRandom, isText } from './proof.ts';
import { namedDetector } from './token-detector.ts';

const password = { opens: 'account', isPassword: true } as const;
const NAME =
  '(?:[A-Z][A-Z0-9_]{0,40}_)?(?:PASSWORD|PASSWD|PASSPHRASE|PGPASSWORD|MYSQL_PWD|SECRET|SECRET_KEY|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?)';

export const accountDetectors: readonly Detector[] = [
  namedDetector(
    {
      ...{ id: 'url-password', title: 'password in a URL', ...password, isGeneral: true },
      rotate: 'change the password of that user on that host',
      source:
        '(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://[^\\s:/@"\\x27<>\\\\\\x00-\\x20\\x7f-\\xff]{0,64}:[^\\s/@"\\x27<>\\\\\\x00-\\x20\\x7f-\\xff]{4,128}@[A-Za-z0-9.-]{1,128}',
      anchors: ['://'],
    },
    /:\/\/[^:]*:([^@]+)@/,
    (secret, { text }) => {
      const [, scheme = '', user = '', host = ''] = /^([^:]+):\/\/([^:]*):[^@]+@(.+)$/.exec(text) ?? [];
      if (isPlaceholder(secret) || /^(?:pass(?:word|wd)?|pw|pwd|secret)$/i.test(secret)) return undefined;
      const doubt = /(?:^|\.)example\.(?:com|org|net)$/.test(host) ? 'an example of a documentation' : undefined;
      return { proof: 'structure', doubt, facts: { scheme, user, host } };
    },
  ),
  namedDetector(
    {
      ...{ id: 'authorization-header', title: 'Authorization header', ...password, isGeneral: true },
      rotate: 'change the password or revoke the token at the service that it was sent to',
      source:
        '[Aa]uthorization["\\x27]?\\s{0,3}[:=]\\s{0,3}["\\x27]?(?:[Bb]earer|[Bb]asic|[Tt]oken) {1,3}[A-Za-z0-9._~+/-]{8,2000}={0,2}',
      anchors: ['uthorization'],
    },
    / ([^ ]+)$/,
    (secret, { text, before, after }) => {
      const host = /^host: ([\w.:-]{1,200})/im.exec(`${before.slice(-400)}\n${after.slice(0, 400)}`)?.[1];
      if (!/basic +\S+$/i.test(text)) {
        return secret.length >= 16 && isRandom(secret, 3) && !isPlaceholder(secret)
          ? { proof: 'form', facts: { scheme: 'bearer', host } }
          : undefined;
      }
      const login = fromBase64(secret)?.toString('latin1') ?? '';
      const [, user, secretPart = ''] = /^([^:]{1,200}):(.{3,})$/.exec(isText(login) ? login : '') ?? [];
      return user === undefined || isPlaceholder(secretPart)
        ? undefined
        : { proof: 'structure', facts: { scheme: 'basic', user, host } };
    },
  ),
  {
    ...{ id: 'secret-variable', title: 'variable that is called a secret', ...password, isGeneral: true },
    rotate: 'change it where it is made, and in what gives the container its variables',
    source: `(?<![A-Za-z0-9_$%{.-])${NAME}=["\\x27]?[^\\x00-\\x20"\\x27\\\\\\x7f-\\xff]{6,256}(?=["\\x27]?[\\x00\\n\\r"\\x27])`,
    anchors: [
      'PASSWORD=',
      'PASSWD=',
      'PASSPHRASE=',
      'PWD=',
      'SECRET=',
      'TOKEN=',
      'KEY=',
      'CREDENTIAL=',
      'CREDENTIALS=',
    ],
    verify({ text, before }) {
      // Of another text the border is no border: names begin where a text begins.
      if (before !== '' && !/(?:[\0\n\r"']|export |ENV )$/.test(before)) return undefined;
      const [, variable = '', value = ''] = /^([A-Z0-9_]+)=["']?(.+)$/.exec(text) ?? [];
      if (isPlaceholder(value) || /^(?:\/|\.\/|file:|https?:\/\/[^@]*$)/.test(value)) return undefined;
      if (/^(?:pass(?:word|wd)?|secret|token)$/i.test(value) || /^\w+\(/.test(value)) return undefined;
      return { value, proof: 'form', facts: { variable } };
    },
  },
  {
    ...{ id: 'password-hash', title: 'hash of a password', ...password },
    rotate: 'change the password of that user wherever it is used: hashes can be guessed back',
    source: '[a-z_][a-z0-9_.-]{0,31}:\\$(?:1|5|6|7|y|gy|2[abxy])\\$[./A-Za-z0-9$=,]{20,180}(?=[:\\n\\x00])',
    anchors: [':$'],
    verify({ text }) {
      const [, user = '', value = ''] = /^([^:]+):(\$.+)$/.exec(text) ?? [];
      const [, method = ''] = value.split('$');
      const digest = value.slice(value.lastIndexOf('$') + 1);
      const long: Record<string, number> = { '1': 22, '5': 43, '6': 86, y: 43, gy: 43, '7': 43 };
      const expected = long[method] ?? 53;
      return digest.length === expected && isRandom(digest, 3.2)
        ? { value, proof: 'structure', facts: { user, method } }
        : undefined;
    },
  },
  namedDetector(
    {
      ...{ id: 'netrc', title: 'login of a .netrc', ...password, isGeneral: true },
      rotate: 'change the password of that user on that host',
      source:
        'machine\\s{1,8}[A-Za-z0-9.-]{1,128}\\s{1,8}login\\s{1,8}[!-~]{1,128}\\s{1,8}password\\s{1,8}[!-~]{4,200}',
      anchors: ['machine'],
    },
    /password\s+(\S+)$/,
    (secret, { text }) => {
      const [, host = '', user = ''] = /^machine\s+(\S+)\s+login\s+(\S+)/.exec(text) ?? [];
      return isPlaceholder(secret) ? undefined : { proof: 'structure', facts: { host, user } };
    },
  ),
  namedDetector(
    {
      ...{ id: 'pgpass', title: 'login of a .pgpass', ...password, isGeneral: true },
      rotate: 'ALTER ROLE … PASSWORD, and the sessions of that role ended',
      source:
        '(?<![A-Za-z0-9.*-])[A-Za-z0-9.*-]{1,100}:(?:5432|\\*):[A-Za-z0-9_*-]{1,63}:[A-Za-z0-9_-]{1,63}:[!-9;-~]{4,128}(?=[\\n\\r\\x00])',
      anchors: [':5432:', ':*:'],
    },
    /:([^:]+)$/,
    (secret, { text }) => {
      const [host = '', , database = '', user = ''] = text.split(':');
      return isPlaceholder(secret) ? undefined : { proof: 'structure', facts: { host, database, user } };
    },
  ),
];
