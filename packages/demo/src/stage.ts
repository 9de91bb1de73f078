/** The parts of the demo that lab tests play with, too. */
export { buildBaseImage } from './base-image.ts';
export {
  command as counterCommand,
  demandUnbroken,
  environment as counterEnvironment,
  numbersIn,
  waitForNumbers,
} from './counter.ts';
export { execute, type Ran, Stillframe, stillframeProcess } from './stillframe.ts';
