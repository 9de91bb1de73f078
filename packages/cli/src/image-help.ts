/** How an image is named, for `--help`. */
export const IMAGE_HELP = 'oci:LAYOUT[:TAG], or a reference with its registry';
/** `--container`, where an image may be one of a pod. */
export const CONTAINER_HELP = 'which container, where the image holds those of a pod';
