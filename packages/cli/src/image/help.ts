/** How an image is named, for `--help`. */
export const IMAGE_HELP = 'oci:LAYOUT[:TAG], or a reference with its registry';
/** `--container`, where an image may be one of a pod. */
export const CONTAINER_HELP = 'which container, where the image holds those of a pod';
/** What to write where a tag or digest is missing. */
export const VERSION_HINT =
  'write oci:LAYOUT:TAG, HOST/REPOSITORY:TAG or …@sha256:DIGEST; `stillframe image list` shows the tags';
