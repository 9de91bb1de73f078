import { truncate } from './hurt.ts';
import { testHurt } from './hurt-tests.ts';

testHurt('cut off', truncate);
