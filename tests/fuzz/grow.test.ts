import { testHurt } from './hurt-tests.ts';

testHurt('grown', 'grow');
