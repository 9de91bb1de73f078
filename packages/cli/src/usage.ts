import { errorTable } from '@stillframe/core';

/** Codes of the command line itself. Those that begin with ERR_USAGE_ end with exit code 2 (exit.ts). */
export const cliError = errorTable({
  ERR_USAGE_ARGUMENT: { kind: 'invalid-argument' },
  ERR_USAGE_CONFIRMATION: {
    kind: 'failed-precondition',
    hint: 'say --yes to remove, or --dry-run to see what would go; on a terminal it asks',
  },
  ERR_CHECKPOINT_PINNED: { kind: 'failed-precondition', hint: '`stillframe checkpoints unpin` takes the pin away' },
  ERR_CHECKPOINT_PIN_FOREIGN: {
    kind: 'failed-precondition',
    hint: 'whoever set it would set it again: end what needs the checkpoint (a PodRestore, say)',
  },
  ERR_CHECKPOINT_IN_USE: { kind: 'failed-precondition', hint: 'try again when that has ended' },
  ERR_CHECKPOINT_UNKNOWN: { kind: 'not-found', hint: '`stillframe checkpoints list` shows those of the node' },
  ERR_CLUSTER_NO_FIT: {
    kind: 'failed-precondition',
    hint: 'nothing was created; the reasons stand with each node above',
  },
  ERR_CLUSTER_OWNED: {
    kind: 'failed-precondition',
    hint: 'restore a copy with `stillframe restore --to-cluster`, and see to the controller yourself',
  },
  ERR_CONTAINER_NOT_FOUND: { kind: 'not-found', hint: '`stillframe pods` lists what runs' },
  ERR_CONTAINER_AMBIGUOUS: {
    kind: 'failed-precondition',
    hint: 'give the id of the one you mean; `stillframe pods` lists them',
  },
  ERR_EVIDENCE_MISSING: {
    kind: 'not-found',
    hint: 'whatever Stillframe captures has it beside it; keep the two together when they are moved',
  },
  ERR_ARCHIVE_OTHER: {
    kind: 'failed-precondition',
    hint: 'find the archive of that digest; `stillframe verify` says whether one still is what its evidence records',
  },
  ERR_SCAN_YARA_ENDED: {
    kind: 'internal',
    hint: 'find the rules that it ends at by giving some of the files, and report them',
  },
  ERR_ARCHIVE_CHANGED: {
    kind: 'aborted',
    hint: 'somebody writes to it still: what would be said of it would hold for no moment; try again when it is finished',
  },
  ERR_ARCHIVE_REPLACED: {
    kind: 'failed-precondition',
    hint: 'somebody took it away, wrote to it or put another one there: find out who, and start the command again',
  },
  ERR_CHECKPOINT_EXISTS: { kind: 'already-exists', hint: 'an archive is never overwritten; give another name' },
  ERR_CHECKPOINT_NOT_ATOMIC: { kind: 'failed-precondition' },
  ERR_COLLECT_TAKEN: {
    kind: 'failed-precondition',
    hint: 'one collector works with a state folder at a time; one that was killed counts as gone after 30 s',
  },
  ERR_COLLECT_STATE: {
    kind: 'resource-exhausted',
    hint: 'give --state a folder that can be written, with some MiB of room; archives stay where they are meanwhile',
  },
  ERR_COLLECT_FAILED: { kind: 'unknown', hint: 'the lines above say why each one stays; the same command goes on' },
  ERR_POD_EXISTS: { kind: 'already-exists', hint: 'choose another name, or remove it with `stillframe rm`' },
  ERR_POD_NOT_RUNNING: {
    kind: 'failed-precondition',
    hint: 'the pod stays and is tried again; `stillframe pods` shows it, `stillframe rm` takes it away',
  },
  ERR_PROCESS_NOT_FOUND: {
    kind: 'not-found',
    hint: '`stillframe ps` lists the processes; `stillframe maps` what each has of memory',
  },
  ERR_OUTPUT_EXISTS: {
    kind: 'already-exists',
    hint: 'give another name; where a command has --force, that replaces the file',
  },
  ERR_OUTPUT_NO_FILE: { kind: 'invalid-argument', hint: 'give the name of a file, or - for stdout' },
  ERR_OUTPUT_IS_EVIDENCE: { kind: 'failed-precondition', hint: 'give another name for the result' },
  ERR_REFERENCE_ABSENT: { kind: 'not-found', hint: '`stillframe scan` prints the references of its findings' },
  ERR_NOT_A_CHECKPOINT: { kind: 'invalid-argument', hint: '`stillframe run` starts ordinary images' },
  ERR_NODE_NOT_RUNNING: { kind: 'unavailable', hint: 'start it with `npx stillframe node up`' },
  ERR_NODE_START: { kind: 'unknown' },
  ERR_NODE_CONFIG: { kind: 'invalid-argument', hint: 'docs/operate.md lists every key' },
  ERR_REFERENCE_INCOMPLETE: { kind: 'invalid-argument' },
  ERR_REGISTRIES_CONF: { kind: 'invalid-argument', hint: 'containers-registries.conf(5) says what may stand there' },
  ERR_REGISTRY_BLOCKED: {
    kind: 'permission-denied',
    hint: 'take the row away, or name another file with --registries-conf',
  },
  ERR_REGISTRY_CERTIFICATES: {
    kind: 'failed-precondition',
    hint: 'containers-certs.d(5): NAME.crt for authorities, NAME.cert with NAME.key for a client, all as PEM',
  },
  ERR_MOUNT_SOURCE: { kind: 'not-found', hint: 'make it first; nothing is made on this machine by mistake' },
  ERR_KEY_EXISTS: {
    kind: 'already-exists',
    hint: 'a key is never overwritten: what it signed could not be told any more; give another name',
  },
});
