/** The table of rules, by topic. A rule that is not here is not judged, and a test says so. */
import { accountFileChanged, accountPassword, accountSecondRoot } from './account-changed.ts';
import { codeAbsent, codeInjected, codePatched, codeRelocated } from './code-changed.ts';
import { loaderPathChanged, loaderPreload } from './loader-changed.ts';
import { historyCleared, logCleared } from './log-cleared.ts';
import { pamChanged, sshdWeakened, sshKeyAdded, sudoersChanged } from './login-changed.ts';
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

export const rules: readonly Rule[] = [processExecutableDeleted, ...ofFiles, ...ofCode];
