/** Names of pods, archives and annotations: for commands that load nothing of the API and of what keeps pods. */
export {
  archiveName,
  type ContainerAddress,
  isDnsLabel,
  isDnsSubdomain,
  type ParsedArchiveName,
  parseArchiveName,
  rfc3339,
} from './checkpoint/names.ts';
export { reservationOf, reserveArchive } from './checkpoint/reserve.ts';
export { MANIFEST as MANIFEST_ANNOTATION, OWNER as OWNER_ANNOTATION } from './supervise/marks.ts';
