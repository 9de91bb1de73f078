/** The table of rules, by topic. A rule that is not here is not judged, and a test says so. */
import { capabilitiesDangerous, capabilitiesGained, rootOfHost } from './capabilities.ts';
import { commandLineObfuscated } from './command-line.ts';
import { newPrivileges, seccompOff, setuidTransition } from './confinement.ts';
import { libraryDeleted, libraryOddPlace, libraryPreloaded } from './libraries.ts';
import { memoryExecutableAnonymous, memoryStackExecutable, memoryWritableExecutable } from './memory-code.ts';
import { miner } from './miner.ts';
import { processExecutableMemfd, processExecutablePlace, workingFolderHidden } from './process-executable.ts';
import { processExecutableDeleted } from './process-executable-deleted.ts';
import { processKernelThreadName, processNameDiffers } from './process-names.ts';
import type { Rule } from './rule.ts';
import { bindShell, shellOnSocket } from './shell-on-socket.ts';
import { containerEscape, offensiveTool, tunnellingTool } from './tools.ts';
import { debuggerRunning, historyOff, inputDeviceOpen, memoryPrivateKey, processDetached } from './traces.ts';
import { unusualChild } from './unusual-child.ts';

/** Processes, what they may do, and their memory. */
const ofProcesses: readonly Rule[] = [
  ...[processExecutableMemfd, processExecutablePlace, workingFolderHidden, processKernelThreadName, processNameDiffers],
  ...[shellOnSocket, bindShell, unusualChild, commandLineObfuscated, processDetached, historyOff, debuggerRunning],
  ...[tunnellingTool, offensiveTool, containerEscape, miner, inputDeviceOpen],
  ...[memoryExecutableAnonymous, memoryWritableExecutable, memoryStackExecutable, memoryPrivateKey],
  ...[libraryOddPlace, libraryDeleted, libraryPreloaded],
  ...[capabilitiesDangerous, capabilitiesGained, rootOfHost, seccompOff, newPrivileges, setuidTransition],
];

export const rules: readonly Rule[] = [processExecutableDeleted, ...ofProcesses];
