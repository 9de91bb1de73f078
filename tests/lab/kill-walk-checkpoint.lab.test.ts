/** The daemon is killed at each step of a checkpoint; the next one puts everything right. */
import { testWalks } from './kill-walk-tests.ts';
import { walks } from './kill-walks.ts';

testWalks(
  'a node that is killed at a step of a checkpoint',
  walks.filter(({ operation }) => operation === 'checkpoint'),
);
