/** crit-compatible JSON and listings. Where they differ from crit 4.2 on purpose is written in docs/crit.md. */
export { type Explorer, exploreImages, explorers } from './explore.ts';
export { imageFromJson } from './image-from-json.ts';
export { type CritOptions, imageInfo, imageToJson } from './image-to-json.ts';
