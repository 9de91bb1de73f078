import { testHurt } from './hurt-tests.ts';

testHurt('cut off', 'truncate');
