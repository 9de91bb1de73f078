/** What this host can do: probes for `stillframe doctor`. */
export { locateCriu } from './criu-location.ts';
export { findProgram } from './find-program.ts';
export { runHostChecks } from './report.ts';
