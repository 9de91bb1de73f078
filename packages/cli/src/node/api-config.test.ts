import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiOptionsOf } from './api-config.ts';
import { parseConfig } from './config.ts';

const PATHS = { root: '/r', state: '/s' };
const optionsOf = (source: string) => apiOptionsOf(parseConfig(source, 'node.yaml'), PATHS);

test('what is left out means the documented defaults', () => {
  assert.deepEqual(optionsOf(''), {
    authentication: { clientAuthority: undefined },
    audit: { path: '/r/audit/audit.log', maxBytes: 64 << 20, keep: undefined },
    limits: {
      requests: { perSecond: 50, burst: 200 },
      failures: { perSecond: 1, burst: 20 },
      checkpoints: undefined,
    },
  });
  assert.equal(optionsOf('audit: { enabled: false }').audit, undefined);
});

test('the example of the documentation is a configuration, and means what it says', async () => {
  const text = await readFile(join(import.meta.dirname, '../../../../docs/kubelet-api.md'), 'utf8');
  const example = text.split('```yaml\n').at(-1)?.split('```')[0] ?? '';
  const options = optionsOf(example);
  assert.deepEqual(options.featureGates, { ContainerCheckpoint: true });
  assert.equal(options.kubeconfig, '/etc/kubernetes/kubelet.conf');
  assert.equal(options.authentication?.clientAuthority, '/etc/kubernetes/pki/ca.crt');
  assert.equal(options.authorization?.rulesFile, '/etc/stillframe/rules.yaml');
  assert.deepEqual(options.limits, {
    requests: { perSecond: 50, burst: 200 },
    failures: { perSecond: 1, burst: 20 },
    checkpoints: 8,
  });
});

test('what does not fit is named with its place', () => {
  const faults = [
    ['authentication: { tokenFile: tokens.csv }', /authentication\.tokenFile is not an absolute path/],
    ['authorization: { mode: AlwaysAllow }', /authorization\.mode is no known key/],
    ['featureGates: { Checkpoint: true }', /featureGates\.Checkpoint is no known key/],
    ['limits: { checkpoints: 0 }', /limits\.checkpoints is not a whole number/],
  ] as const;
  for (const [source, words] of faults) assert.throws(() => optionsOf(source), words);
});
