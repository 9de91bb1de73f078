/** The table of rules, by topic. A rule that is not here is not judged, and a test says so. */
import { accountFileChanged, accountPassword, accountSecondRoot } from './account-changed.ts';
import { capabilitiesDangerous, capabilitiesGained, rootOfHost } from './capabilities.ts';
import { codeAbsent, codeInjected, codePatched, codeRelocated } from './code-changed.ts';
import { commandLineObfuscated } from './command-line.ts';
import { newPrivileges, seccompOff, setuidTransition } from './confinement.ts';
import {
  hostControlOpen,
  hostDeviceOpen,
  namespaceForeign,
  outsideRoot,
  runtimeProgramOpen,
} from './container-escape.ts';
import { deletedFileHeld, memfdProgram } from './held-file.ts';
import { cgroupWritable, containerUnconfined, hostMount, runtimeSocket } from './host-mount.ts';
import { libraryDeleted, libraryOddPlace, libraryPreloaded } from './libraries.ts';
import { loaderPathChanged, loaderPreload } from './loader-changed.ts';
import { historyCleared, logCleared } from './log-cleared.ts';
import { pamChanged, sshdWeakened, sshKeyAdded, sudoersChanged } from './login-changed.ts';
import { memoryExecutableAnonymous, memoryStackExecutable, memoryWritableExecutable } from './memory-code.ts';
import { miner } from './miner.ts';
import { clientConfigWritten, firewallRedirect, hostsChanged, resolverChanged } from './names-changed.ts';
import { connectionMetadata, connectionScan, connectionSuspicious, serviceAccountUsed } from './network-connection.ts';
import { listenersTold, listenerUnexpected } from './network-listener.ts';
import { netlinkSocket, packetSocket, rawSocket } from './network-raw.ts';
import { hiddenFile, scratchProgram } from './odd-place.ts';
import {
  cronChanged,
  interpreterStartChanged,
  packageHookChanged,
  serviceChanged,
  shellStartChanged,
} from './persistence-files.ts';
import { deviceNode, privilegedFile } from './privileged-file.ts';
import { processExecutableMemfd, processExecutablePlace, workingFolderHidden } from './process-executable.ts';
import { processExecutableDeleted } from './process-executable-deleted.ts';
import { processKernelThreadName, processNameDiffers } from './process-names.ts';
import type { Rule } from './rule.ts';
import { bindShell, shellOnSocket } from './shell-on-socket.ts';
import { systemFileChanged } from './system-file-changed.ts';
import { containerEscape, offensiveTool, tunnellingTool } from './tools.ts';
import { debuggerRunning, historyOff, inputDeviceOpen, memoryPrivateKey, processDetached } from './traces.ts';
import { unusualChild } from './unusual-child.ts';
import { webShell } from './web-shell.ts';

/** Files that the container changed, and what stands in them. */
const ofFiles: readonly Rule[] = [
  ...[accountSecondRoot, accountPassword, accountFileChanged],
  ...[cronChanged, shellStartChanged, serviceChanged, packageHookChanged, interpreterStartChanged],
  ...[loaderPreload, loaderPathChanged, sshKeyAdded, sshdWeakened, sudoersChanged, pamChanged],
  ...[systemFileChanged, privilegedFile, deviceNode, hiddenFile, scratchProgram],
  ...[logCleared, historyCleared, webShell],
];

/** Code in memory that is not that of its file. */
const ofCode: readonly Rule[] = [codePatched, codeInjected, codeRelocated, codeAbsent];

/** What of the host is in reach, and ways out of the container. */
const ofContainer: readonly Rule[] = [
  ...[hostMount, runtimeSocket, containerUnconfined, cgroupWritable, namespaceForeign],
  ...[hostControlOpen, runtimeProgramOpen, hostDeviceOpen, outsideRoot],
];

/** Files without a name, and the network. */
const ofOpenFiles: readonly Rule[] = [
  ...[deletedFileHeld, memfdProgram, packetSocket, rawSocket, netlinkSocket],
  ...[listenerUnexpected, listenersTold, connectionSuspicious, connectionMetadata, connectionScan, serviceAccountUsed],
  ...[hostsChanged, resolverChanged, firewallRedirect, clientConfigWritten],
];

/** Processes, what they may do, and their memory. */
const ofProcesses: readonly Rule[] = [
  ...[processExecutableMemfd, processExecutablePlace, workingFolderHidden, processKernelThreadName, processNameDiffers],
  ...[shellOnSocket, bindShell, unusualChild, commandLineObfuscated, processDetached, historyOff, debuggerRunning],
  ...[tunnellingTool, offensiveTool, containerEscape, miner, inputDeviceOpen],
  ...[memoryExecutableAnonymous, memoryWritableExecutable, memoryStackExecutable, memoryPrivateKey],
  ...[libraryOddPlace, libraryDeleted, libraryPreloaded],
  ...[capabilitiesDangerous, capabilitiesGained, rootOfHost, seccompOff, newPrivileges, setuidTransition],
];

export const rules: readonly Rule[] = [
  processExecutableDeleted,
  ...ofProcesses,
  ...ofFiles,
  ...ofCode,
  ...ofContainer,
  ...ofOpenFiles,
];
