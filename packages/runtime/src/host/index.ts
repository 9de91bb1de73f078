/** What this host can do: probes for `stillframe doctor`. */
export type { CheckResult, CheckStatus, HostCheck, HostContext } from './check.ts';
export { hostChecks } from './checks.ts';
export { type CriuLocation, locateCriu, PRIVATE_CRIU_HOME } from './criu-location.ts';
export { findProgram } from './find-program.ts';
export { type HostFinding, type HostReport, type HostReportOptions, runHostChecks } from './report.ts';
