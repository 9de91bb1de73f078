/** The table of rules, by topic. A rule that is not here is not judged, and a test says so. */
import { accountFileChanged, accountPassword, accountSecondRoot } from './account-changed.ts';
import { codeAbsent, codeInjected, codePatched, codeRelocated } from './code-changed.ts';
import {
  hostControlOpen,
  hostDeviceOpen,
  namespaceForeign,
  outsideRoot,
  runtimeProgramOpen,
} from './container-escape.ts';
import { deletedFileHeld, memfdProgram } from './held-file.ts';
import { cgroupWritable, containerUnconfined, hostMount, runtimeSocket } from './host-mount.ts';
import { loaderPathChanged, loaderPreload } from './loader-changed.ts';
import { historyCleared, logCleared } from './log-cleared.ts';
import { pamChanged, sshdWeakened, sshKeyAdded, sudoersChanged } from './login-changed.ts';
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
import { processExecutableDeleted } from './process-executable-deleted.ts';
import type { Rule } from './rule.ts';
import { systemFileChanged } from './system-file-changed.ts';
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

export const rules: readonly Rule[] = [processExecutableDeleted, ...ofFiles, ...ofCode, ...ofContainer, ...ofOpenFiles];
