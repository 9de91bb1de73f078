/** The controller of Stillframe’s custom resources. */
export { systemClock } from './clock.ts';
export { type ControllerOptions, runController } from './controller.ts';
