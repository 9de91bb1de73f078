/** Codes thrown by @stillframe/checkpoint. */
import { errorTable } from '@stillframe/core';

const CUT =
  'it was cut off while being written or copied: copy it again; commands that read a checkpoint take --partial';

/** Builds an error of this package; the caller throws it. */
export const checkpointError = errorTable({
  ERR_ARCHIVE_EMPTY: { kind: 'invalid-argument', hint: 'the file holds nothing: look whether the checkpoint failed' },
  ERR_ARCHIVE_TRUNCATED: { kind: 'data-loss', hint: CUT },
  ERR_ARCHIVE_DAMAGED: {
    kind: 'data-loss',
    hint: 'compare its digest with the one recorded at capture; commands that read a checkpoint take --partial',
  },
  ERR_ARCHIVE_UNRECOGNISED: {
    kind: 'invalid-argument',
    hint: 'a checkpoint archive is a tar file, plain or compressed with gzip or zstd, or a folder of CRIU images',
  },
  ERR_ARCHIVE_SEALED: {
    kind: 'failed-precondition',
    hint: '`stillframe unseal` gives the archive; `stillframe restore` and commands that read a checkpoint take --identity',
  },
  ERR_ARCHIVE_COMPRESSION_UNSUPPORTED: { kind: 'unimplemented', hint: 'decompress it first, with bunzip2 or unxz' },
  ERR_ARCHIVE_TOO_LARGE: {
    kind: 'resource-exhausted',
    hint: 'decompress it by hand where there is room, if you trust it',
  },
  ERR_ARCHIVE_LIMIT_EXCEEDED: {
    kind: 'resource-exhausted',
    hint: 'the archive claims more than a sound one does; it may be hostile',
  },
  ERR_ARCHIVE_ENTRY_MISSING: { kind: 'not-found', hint: '`tar --list --file ARCHIVE` shows what there is' },
  ERR_ARCHIVE_ENTRY_REFUSED: {
    kind: 'failed-precondition',
    hint: 'only regular files of an archive are ever opened; links and devices could lead out of it',
  },
  ERR_METADATA_INVALID: {
    kind: 'data-loss',
    hint: '`stillframe verify` tells whether it was changed since its capture',
  },
  ERR_CHECKPOINT_INCOMPLETE: {
    kind: 'failed-precondition',
    hint: 'a checkpoint holds checkpoint/inventory.img; this may be an archive of something else',
  },
  ERR_CHECKPOINT_DIGEST_MISMATCH: {
    kind: 'data-loss',
    hint: 'the archive was changed after its capture, or the evidence is of another one; `stillframe image build --no-verify` takes it all the same',
  },
  ERR_CHECKPOINT_AMBIGUOUS: { kind: 'failed-precondition', hint: 'open the folder of the one that is meant' },
  ERR_CHECKPOINT_CONVERSION: {
    kind: 'failed-precondition',
    hint: 'archives of Stillframe, CRI-O and containerd can be laid out for one another; `stillframe image build` without --for takes any',
  },
  ERR_IMAGE_CONTAINER_AMBIGUOUS: { kind: 'failed-precondition', hint: 'say which one with --container' },
  ERR_IMAGE_CONTAINER_MISSING: { kind: 'not-found' },
  ERR_POD_ARCHIVES: {
    kind: 'invalid-argument',
    hint: 'several archives make one image where they are those of one pod, one a container',
  },
  ERR_CHAIN_IMAGE_INVALID: {
    kind: 'data-loss',
    hint: 'add the archive with `stillframe image append --after none`, which relies on no earlier checkpoint',
  },
  ERR_CHAIN_RECIPE_INVALID: { kind: 'data-loss', hint: 'pull the image again; if it stays so, it was stored so' },
  ERR_EDIT_ENVIRONMENT: {
    kind: 'failed-precondition',
    hint: '`stillframe env` shows the variables; a value takes the room that the old one had, and no more',
  },
  ERR_CORE_NO_PROCESS: { kind: 'not-found', hint: '`stillframe inspect --ps-tree` lists them' },
  ERR_CORE_NO_MEMORY: { kind: 'failed-precondition', hint: 'a process that has ended leaves nothing to debug' },
  ERR_CORE_NO_REGISTERS: {
    kind: 'data-loss',
    hint: 'its memory can still be read, with `stillframe search`',
  },
  ERR_CORE_NO_ROOM: {
    kind: 'resource-exhausted',
    hint: 'nothing was left behind of this core; name a place where there is room',
  },
  ERR_CORE_MACHINE_UNSUPPORTED: { kind: 'unimplemented', hint: 'x86-64 and aarch64 can be written' },
  ERR_CORE_TOO_LARGE: {
    kind: 'resource-exhausted',
    hint: 'the images claim more than a sound dump does; they may be forged',
  },
  ERR_EXTRACT_FOLDER_TAKEN: {
    kind: 'already-exists',
    hint: 'what is taken out goes into a new folder or an empty one; name another',
  },
  ERR_EXTRACT_NO_ROOM: {
    kind: 'resource-exhausted',
    hint: 'nothing was left behind; name a folder where there is room, or less to take out',
  },
  ERR_EXTRACT_NOT_FOUND: { kind: 'not-found', hint: '`stillframe extract ARCHIVE --list` shows what there is' },
  ERR_EXTRACT_TOO_LARGE: { kind: 'resource-exhausted', hint: 'raise --limit if you believe it' },
  ERR_EXTRACT_NO_MEMORY: { kind: 'failed-precondition', hint: '`stillframe maps` shows the processes that have some' },
  ERR_IMAGE_NOT_CHECKPOINT: {
    kind: 'invalid-argument',
    hint: 'a checkpoint image carries the container name in a manifest annotation',
  },
  ERR_BASE_IMAGE_REFUSED: { kind: 'invalid-argument', hint: 'give the image that the container ran from' },
  ERR_IMAGE_LAYOUT_INCOMPLETE: { kind: 'data-loss', hint: 'export or copy the image again' },
  ERR_IMAGE_LAYER_UNSUPPORTED: {
    kind: 'unimplemented',
    hint: 'only an image whose single layer is the archive itself can be read so; pull and unpack others',
  },
  ERR_IMAGE_SOURCE_UNSUPPORTED: {
    kind: 'invalid-argument',
    hint: 'give an archive file; a folder has no bytes of its own',
  },
});
