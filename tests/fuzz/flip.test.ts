import { testHurt } from './hurt-tests.ts';

testHurt('with a bit turned', 'flip');
