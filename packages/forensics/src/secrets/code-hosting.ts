/** Tokens of places where code and packages lie. */
import type { Detector } from './detector.ts';
import { fromBase64, isText } from './proof.ts';
import { namedDetector, tokenDetector } from './token-detector.ts';

const code = { opens: 'source code and packages' } as const;

export const codeHostingDetectors: readonly Detector[] = [
  tokenDetector({
    ...{ id: 'github-token', title: 'GitHub token', ...code, prefix: 4, crc: true },
    rotate: 'revoke it in the developer settings of its owner, and read the audit log',
    source: 'gh[pousr]_[A-Za-z0-9]{36}',
    anchors: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    facts: (value) => ({ for: GITHUB[value.slice(0, 4)] ?? 'unknown' }),
  }),
  tokenDetector({
    ...{ id: 'github-fine-grained-token', title: 'GitHub fine-grained token', ...code, prefix: 11 },
    rotate: 'revoke it in the developer settings of its owner, and read the audit log',
    source: 'github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}',
    anchors: ['github_pat_'],
  }),
  tokenDetector({
    ...{ id: 'gitlab-token', title: 'GitLab token', ...code, prefix: 6 },
    rotate: 'revoke it under access tokens of its user, project or group; register runners anew',
    source: '(?:glpat|gldt|glrt|glptt|glcbt)-[A-Za-z0-9_-]{20,64}',
    anchors: ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-'],
  }),
  tokenDetector({
    ...{ id: 'npm-token', title: 'npm token', ...code, prefix: 4, crc: true },
    rotate: 'npm token revoke, then look at what was published since',
    source: 'npm_[A-Za-z0-9]{36}',
    anchors: ['npm_'],
  }),
  tokenDetector({
    ...{ id: 'pypi-token', title: 'PyPI token', ...code, prefix: 20 },
    rotate: 'remove it in the account settings, then look at what was published since',
    source: 'pypi-(?:AgEIcHlwaS5vcmc|AgENdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,500}',
    anchors: ['pypi-AgE'],
  }),
  namedDetector(
    {
      ...{ id: 'docker-auth', title: 'login at a container registry', ...code, isPassword: true },
      rotate: 'change the password or revoke the token at the registry that the entry names',
      source: '"auth"\\s{0,8}:\\s{0,8}"[A-Za-z0-9+/]{8,2000}={0,2}"',
      anchors: ['"auth"'],
    },
    /"([A-Za-z0-9+/]+=*)"$/,
    (secret, { before }) => {
      const login = fromBase64(secret)?.toString('latin1');
      const user = login && isText(login) ? /^([^:]{1,256}):.+$/.exec(login)?.[1] : undefined;
      if (user === undefined) return undefined;
      const registry = /"([\w.:/-]{3,200})"\s*:\s*\{\s*$/.exec(before)?.[1];
      return { proof: 'structure', facts: { user, registry } };
    },
  ),
  tokenDetector({
    ...{ id: 'terraform-token', title: 'Terraform Cloud token', ...code, prefix: 0 },
    rotate: 'delete it under tokens of the user or the team; states it could read hold secrets, too',
    source: '[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60,70}',
    anchors: ['.atlasv1.'],
  }),
  tokenDetector({
    ...{ id: 'huggingface-token', title: 'Hugging Face token', ...code, prefix: 3 },
    rotate: 'invalidate it under access tokens of its owner',
    source: 'hf_[A-Za-z]{34}',
    anchors: ['hf_'],
  }),
];

const GITHUB: Readonly<Record<string, string>> = {
  ghp_: 'a person',
  gho_: 'an OAuth app',
  ghu_: 'a user of an app',
  ghs_: 'an installation of an app or a workflow',
  ghr_: 'renewing another',
};
