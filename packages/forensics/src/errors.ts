/** Every failure @stillframe/forensics can report. */
import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/forensics. */
export const forensicsError = errorTable({
  ERR_FORENSICS_REFERENCE: {
    kind: 'invalid-argument',
    hint: 'references are as findings print them, such as process/7, memory/7/0x7f0000001000+64 or rootfs/etc/passwd',
  },
});
