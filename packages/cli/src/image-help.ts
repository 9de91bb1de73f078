/** How an image is named, for `--help`. */
export const IMAGE_HELP = 'oci:LAYOUT[:TAG], or a reference with its registry';
