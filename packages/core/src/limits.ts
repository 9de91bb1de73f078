/** Bounds on what evidence may claim. Each is far above any sound checkpoint and far below what would hurt the reader. */

const MiB = 1 << 20;

export const limits = {
  /** Bytes of one protobuf message in a CRIU image (an mm entry with 65,530 VMAs is about 4 MiB). */
  criuMessage: 64 * MiB,
  /** Bytes of one whole CRIU metadata image that is decoded in memory; pages and payloads are streamed instead. */
  criuImage: 256 * MiB,
  /** Messages in one CRIU image. */
  criuEntries: 4_000_000,
  /** Processes and threads in one image set (kernel.pid_max is at most 2^22). */
  tasks: 1 << 22,
  /** Open files of all processes of one image set: 500 processes with 1,000 each have half a million. */
  descriptors: 2_000_000,
  /** Entries of one archive: 500 processes give 3,500. */
  archiveEntries: 1_000_000,
  /** Bytes of one pax record set or GNU long name. */
  tarExtension: MiB,
  /** Bytes of one JSON document of an archive: config.dump, spec.dump, bind.mounts. */
  json: 16 * MiB,
  /** Bytes of an OCI manifest, index or config (the distribution spec asks for at least 4 MiB). */
  manifest: 4 * MiB,
  /** Bytes of arguments or environment read of one process (ARG_MAX is 2 MiB plus). */
  arguments: 4 * MiB,
} as const;
