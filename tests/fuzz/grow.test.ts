import { grow } from './hurt.ts';
import { testHurt } from './hurt-tests.ts';

testHurt('grown', grow);
