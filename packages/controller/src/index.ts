/** The controller of Stillframe’s custom resources. */
export { systemClock } from './clock.ts';
export { runController } from './controller.ts';
export { openDoors } from './http/open.ts';
