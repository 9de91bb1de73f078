/** Names that clients give to pods and containers: others make file names of them, so they must not lead anywhere. */

/** Characters of a name; Kubernetes allows as many to a DNS subdomain. */
const LONGEST = 253;

/** Why `name` cannot be the name, namespace or uid of a pod or container, or undefined. An empty one is not judged. */
export function nameFault(name: string): string | undefined {
  if (name.length > LONGEST) return `has ${name.length} characters, at most ${LONGEST} are taken`;
  if (name === '.' || name === '..') return 'names a folder';
  if (name.includes('/')) return 'has a `/` in it';
  return /\p{Cc}/u.test(name) ? 'has a control character in it' : undefined;
}
