/** Every failure @stillframe/forensics can report. */
import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/forensics. */
export const forensicsError = errorTable({
  ERR_FORENSICS_REFERENCE: {
    kind: 'invalid-argument',
    hint: 'references are as findings print them, such as process/7, memory/7/0x7f0000001000+64 or rootfs/etc/passwd',
  },
  ERR_FORENSICS_RULE_UNKNOWN: { kind: 'not-found', hint: '`stillframe rules` lists them; docs/rules.md' },
  ERR_SEARCH_PATTERN_INVALID: {
    kind: 'invalid-argument',
    hint: 'a text, hexadecimal digits such as 7f 45 4? [2-4] (aa|bb), or a JavaScript regular expression; docs/search.md',
  },
  ERR_SEARCH_PATTERN_SLOW: {
    kind: 'deadline-exceeded',
    hint: 'avoid repetitions within repetitions, such as (a+)+',
  },
  ERR_SEARCH_FILTER: {
    kind: 'invalid-argument',
    hint: 'a protection is some of r, w and x; a range of addresses is 0x7f00-0x8000',
  },
  ERR_SEARCH_WORKER: { kind: 'internal', hint: 'try again with --workers 0; if it ends again, report it' },
  ERR_FORENSICS_YARA_MISSING: {
    kind: 'unimplemented',
    hint: 'take memory and files out with `stillframe extract`, and let a yara of your own look at them',
  },
  ERR_FORENSICS_YARA_RULES: {
    kind: 'invalid-argument',
    hint: 'rules are as YARA-X has them; in place of an include give the folder',
  },
});
