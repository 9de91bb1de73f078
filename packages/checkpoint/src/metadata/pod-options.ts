/** pod.options: which archive of a pod's checkpoint is whose (checkpoint-spec 5.3). */
import { isObject } from '@stillframe/core';

/** Written last: a folder without it holds no complete checkpoint of a pod. */
export const POD_OPTIONS = 'pod.options';
/** The version of pod.options that is written, and read. */
export const POD_OPTIONS_VERSION = 1;

/** File names of archives by container name, in the order of the document. */
export type PodContents = ReadonlyMap<string, string>;

/** Reads a parsed pod.options; undefined for another version, and where a container has no archive beside the document. */
export function decodePodOptions(value: unknown): PodContents | undefined {
  if (!isObject(value) || value['version'] !== POD_OPTIONS_VERSION || !isObject(value['containers'])) return undefined;
  const contents = Object.entries(value['containers']);
  // A name with a slash would lead out of the folder.
  const sound = contents.every(([, file]) => typeof file === 'string' && /^[^/\0]+\.tar$/.test(file));
  return sound ? new Map(contents as [string, string][]) : undefined;
}

/** pod.options as text, ending in a newline. `annotations`: `org.criu.checkpoint.*`, and what else is to be known of it. */
export function encodePodOptions(contents: PodContents, annotations: Readonly<Record<string, string>>): string {
  const document = { version: POD_OPTIONS_VERSION, containers: Object.fromEntries(contents), annotations };
  return `${JSON.stringify(document, null, 2)}\n`;
}
