/** The fixtures of packages/forensics hold what their truth says, on any machine. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'node:test';
import { testPlanted } from '../lab/compromised/suite.ts';

const FIXTURES = join(import.meta.dirname, '../../packages/forensics/fixtures');

describe('the fixtures of a compromised container', () => {
  testPlanted(async () => ({
    compromised: join(FIXTURES, 'compromised.tar.zst'),
    clean: join(FIXTURES, 'clean.tar.zst'),
    truth: JSON.parse(await readFile(join(FIXTURES, 'compromised.truth.json'), 'utf8')),
  }));
});
