/** What a client of ours tells a server of ours that the CRI has no field for. */

/** Metadata of CheckpointContainer: `frozen` or `live`, as the annotation `io.stillframe.checkpoint/rootfs` of a container. */
export const ROOTFS_METADATA = 'io.stillframe.checkpoint.rootfs';

/** Annotation of PullImage's image: the name that an image of a local file gets. */
export const IMAGE_NAME_ANNOTATION = 'io.stillframe.image/name';
