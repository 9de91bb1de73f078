import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/runtime. */
export const runtimeError = errorTable({
  ERR_PROCESS_FAILED: { kind: 'unknown' },
  ERR_PROCESS_MISSING: { kind: 'failed-precondition', hint: 'run `npx stillframe doctor` to see what this host lacks' },
  ERR_PROCESS_TIMEOUT: { kind: 'deadline-exceeded' },
  ERR_CRIU_MISSING: {
    kind: 'failed-precondition',
    hint: 'run `npx stillframe doctor`; the set-up brings a CRIU that works',
  },
  ERR_SANDBOX_NOT_FOUND: { kind: 'not-found' },
  ERR_SANDBOX_EXISTS: { kind: 'already-exists' },
  ERR_SANDBOX_NOT_READY: { kind: 'failed-precondition', hint: 'run a new pod sandbox' },
  ERR_SANDBOX_INVALID: { kind: 'invalid-argument' },
  ERR_RUNTIME_UNAVAILABLE: {
    kind: 'invalid-argument',
    hint: '`crictl info` lists the handlers; `runtimes` of the configuration adds one',
  },
  ERR_USERNS_UNSUPPORTED: {
    kind: 'failed-precondition',
    hint: 'they need perl, Linux 5.19 or later, and a filesystem that can be mounted with other owners, such as ext4 or xfs',
  },
  ERR_CHECKPOINT_USERNS: {
    kind: 'failed-precondition',
    hint: 'CRIU makes a user namespace anew and cannot join that of a pod; run the pod with hostUsers: true',
  },
  ERR_NETWORK_CONFIG: {
    kind: 'failed-precondition',
    hint: '`network.configFolder` and `network.subnet` of the configuration name others',
  },
  ERR_NETWORK_PLUGIN: { kind: 'failed-precondition', hint: 'install the package containernetworking-plugins' },
  ERR_NETWORK_FAILED: { kind: 'unavailable' },
  ERR_CONTAINER_NOT_FOUND: { kind: 'not-found' },
  ERR_CONTAINER_EXISTS: { kind: 'already-exists' },
  ERR_CONTAINER_STATE: { kind: 'failed-precondition' },
  ERR_CONTAINER_INVALID: { kind: 'invalid-argument' },
  ERR_CONTAINER_START: { kind: 'unknown' },
  ERR_EXEC_FAILED: { kind: 'unknown' },
  ERR_EXEC_FROZEN: { kind: 'unavailable', hint: 'the container is being checkpointed; try again' },
  ERR_EXEC_TIMEOUT: { kind: 'deadline-exceeded' },
  ERR_FORWARD_FAILED: { kind: 'unavailable' },
  ERR_IMAGE_NOT_FOUND: { kind: 'not-found', hint: 'pull the image first' },
  ERR_IMAGE_UNUSABLE: { kind: 'failed-precondition' },
  ERR_IMAGE_CONTAINER_UNSAID: {
    kind: 'invalid-argument',
    hint: 'name one by its digest, as NAME@sha256:…; `stillframe restore --container` does so by itself',
  },
  ERR_IMAGE_IN_USE: { kind: 'failed-precondition', hint: 'remove the containers that use it first' },
  ERR_IMAGE_REFERENCE: {
    kind: 'invalid-argument',
    hint: 'write a registry reference, oci:/PATH[:TAG] or docker-archive:/PATH',
  },
  ERR_CHECKPOINT_LOCATION: { kind: 'invalid-argument', hint: 'give an absolute path in a folder that exists' },
  ERR_CHECKPOINT_EXISTS: { kind: 'already-exists', hint: 'an archive is never overwritten; give another name' },
  ERR_CHECKPOINT_POD: { kind: 'invalid-argument' },
  ERR_CHECKPOINT_OPTION: {
    kind: 'invalid-argument',
    hint: 'no options are known here; annotations of the containers are',
  },
  ERR_CHECKPOINT_DUMP: { kind: 'unknown', hint: 'run `npx stillframe doctor` to see whether this host can checkpoint' },
  ERR_CHECKPOINT_TIMEOUT: {
    kind: 'deadline-exceeded',
    hint: 'it was rolled back and the container runs on; give it more time, or write to a faster disk',
  },
  ERR_CHECKPOINT_PAUSE_BUDGET: {
    kind: 'failed-precondition',
    hint: 'the container runs on; allow more, take files live (--rootfs live), or write to a faster disk',
  },
  ERR_CHECKPOINT_DISK_FULL: {
    kind: 'resource-exhausted',
    hint: 'free space on that filesystem or choose another location',
  },
  ERR_RESTORE_REFUSED: { kind: 'failed-precondition' },
  ERR_RESTORE_ARCHIVE: {
    kind: 'invalid-argument',
    hint: '`stillframe inspect` tells what it holds and what is wrong with it',
  },
  ERR_RESTORE_FAILED: { kind: 'unknown', hint: 'run `npx stillframe doctor` to see what this host lacks' },
  ERR_EVENTS_OVERRUN: { kind: 'resource-exhausted', hint: 'list everything anew, then listen again' },
  ERR_NODE_BUSY: {
    kind: 'failed-precondition',
    hint: '`stillframe node status` shows the node that runs; `stillframe node down` stops it',
  },
});
