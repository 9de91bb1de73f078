/** Names in the checkpoint API: what a path may say, and what an archive is called. */

/** A container of a pod, as the path of the API names it. */
export interface ContainerAddress {
  readonly kubeNamespace: string;
  readonly pod: string;
  readonly container: string;
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether `name` is a DNS label (RFC 1123), as names of namespaces and containers are. */
export function isDnsLabel(name: string): boolean {
  return LABEL.test(name);
}

/** Whether `name` is a DNS subdomain (RFC 1123), as names of pods are: labels joined by dots, 253 characters. */
export function isDnsSubdomain(name: string): boolean {
  return name.length <= 253 && name.split('.').every(isDnsLabel);
}

/**
 * `time` as Go's RFC3339 writes it, to the second, with `Z` for an offset of zero.
 * `offset`: minutes east of UTC, those of this machine by default.
 */
export function rfc3339(time: Date, offset = -time.getTimezoneOffset()): string {
  const local = new Date(time.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(offset);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

/**
 * The file name that a kubelet gives: `checkpoint-<pod>_<namespace>-<container>-<local time, RFC 3339>.tar`. Names come
 * from whichever runtime is asked: what would make a path of them, or no line of text, becomes `_`.
 */
export function archiveName({ kubeNamespace, pod, container }: ContainerAddress, time: Date): string {
  const [podPart, spacePart, containerPart] = [pod, kubeNamespace, container].map((name) =>
    name.replace(/[/\p{Cc}]/gu, '_'),
  );
  return `checkpoint-${podPart}_${spacePart}-${containerPart}-${rfc3339(time)}.tar`;
}

/** What a kubelet's file name says. */
export interface ParsedArchiveName {
  /** All before the time. */
  readonly stem: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /**
   * Every address that gives this name, the one with the shortest namespace first: namespaces and containers may both have
   * dashes, and one dash stands between them.
   */
  readonly addresses: readonly ContainerAddress[];
}

const ARCHIVE_NAME =
  /^(checkpoint-([^/_]{1,253})_([^/_]{3,127}))-([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2}))\.tar$/;

/** Reads a name as archiveName gives it to what Kubernetes allows; undefined for any other. */
export function parseArchiveName(name: string): ParsedArchiveName | undefined {
  const [, stem, pod = '', scope = '', at = ''] = ARCHIVE_NAME.exec(name) ?? [];
  const time = Date.parse(at);
  if (stem === undefined || Number.isNaN(time) || !isDnsSubdomain(pod)) return undefined;
  const addresses = [...scope.matchAll(/-/g)]
    .map(({ index }) => ({ kubeNamespace: scope.slice(0, index), pod, container: scope.slice(index + 1) }))
    .filter(({ kubeNamespace, container }) => isDnsLabel(kubeNamespace) && isDnsLabel(container));
  return addresses.length > 0 ? { stem, time, addresses } : undefined;
}
