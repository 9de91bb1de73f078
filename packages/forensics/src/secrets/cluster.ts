/** What opens a cluster, and JSON web tokens (RFC 7519) of anybody. */
import type { Detector, Verdict } from './detector.ts';
import { fromBase64, jsonOf } from './proof.ts';
import { namedDetector } from './token-detector.ts';

const TOLD = ['iss', 'sub', 'aud', 'azp', 'scope'] as const;
const LONGEST = 300;

export const clusterDetectors: readonly Detector[] = [
  {
    ...{ id: 'jwt', title: 'JSON web token', opens: 'service' },
    rotate: 'end the session at its issuer; where that cannot be done, change the key that signs, or wait for its end',
    source: '(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,800}\\.eyJ[A-Za-z0-9_-]{10,2200}\\.[A-Za-z0-9_-]{16,1000}',
    anchors: ['.eyJ'],
    verify({ text, capturedAt }) {
      const [head = '', body = ''] = text.split('.');
      const header = jsonOf(head);
      const claims = jsonOf(body);
      if (typeof header?.['alg'] !== 'string' || claims === undefined) return undefined;
      const facts = factsOf(header, claims, capturedAt);
      const doubt = claims['name'] === 'John Doe' ? 'an example of a documentation' : undefined;
      return { value: text, proof: 'structure', doubt, facts, ...serviceAccount(claims) };
    },
  },
  namedDetector(
    {
      ...{ id: 'kubeconfig-key', title: 'client key of a kubeconfig', opens: 'cluster' },
      rotate: 'certificates of a cluster cannot be revoked: take the rights of its user, or change the authority',
      source: 'client-key-data["\\x27]?:\\s{1,4}["\\x27]?[A-Za-z0-9+/]{100,3900}={0,2}',
      anchors: ['client-key-data'],
    },
    /([A-Za-z0-9+/]{100,}=*)$/,
    (secret) => (fromBase64(secret)?.includes('PRIVATE KEY-----') ? { proof: 'structure' } : undefined),
  ),
];

function factsOf(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  capturedAt: number | undefined,
): NonNullable<Verdict['facts']> {
  const facts: Record<string, string | number | boolean> = { alg: String(header['alg']).slice(0, 20) };
  for (const name of TOLD) {
    const claim = claims[name];
    const text = Array.isArray(claim) ? claim.filter((each) => typeof each === 'string').join(' ') : claim;
    if (typeof text === 'string') facts[name] = text.slice(0, LONGEST);
  }
  const ends = claims['exp'];
  if (typeof ends !== 'number' || !Number.isFinite(ends) || Math.abs(ends) > 8e12) return facts;
  facts['ends'] = new Date(ends * 1000).toISOString();
  if (capturedAt !== undefined) facts['expiredAtCapture'] = ends * 1000 <= capturedAt;
  return facts;
}

/** Bound tokens name it in `kubernetes.io`, those that lie in secrets in claims of longer names. */
function serviceAccount(claims: Readonly<Record<string, unknown>>): Partial<Verdict> {
  const subject = claims['sub'];
  const name = typeof subject === 'string' ? /^system:serviceaccount:(.+):(.+)$/.exec(subject) : null;
  if (!name && claims['kubernetes.io'] === undefined && claims['iss'] !== 'kubernetes/serviceaccount') return {};
  return {
    title: 'Kubernetes service-account token',
    opens: 'cluster',
    rotate: 'delete the pod it is bound to, or its secret; take the rights of the service account until then',
  };
}
