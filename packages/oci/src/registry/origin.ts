/** Where a registry answers, and when plain HTTP is allowed. */
import { ociError } from '../errors.ts';
import { isRegistry } from '../reference.ts';

/** The base URL of `registry` (host with optional port): http for loopback hosts and those in `insecure`, else https. */
export function originOf(registry: string, insecure: readonly string[] = []): URL {
  if (!isRegistry(registry)) throw ociError('ERR_OCI_REFERENCE_INVALID', `not a registry: ${registry.slice(0, 255)}`);
  // Docker's registry has another host than its name.
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const secure = new URL(`https://${host}/`);
  return isLoopback(secure) || insecure.includes(registry) ? new URL(`http://${host}/`) : secure;
}

/** Whether the host of `url` can only be this machine. URL parsing has brought IPv4 and IPv6 into their one spelling. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

/** Throws ERR_OCI_REGISTRY_PROTOCOL where going from `from` to `to` would leave encryption or HTTP. */
export function checkHop(from: URL, to: URL): void {
  const downgrade = from.protocol === 'https:' && to.protocol === 'http:';
  if (downgrade || (to.protocol !== 'https:' && to.protocol !== 'http:')) {
    throw ociError(
      'ERR_OCI_REGISTRY_PROTOCOL',
      `${from.host} sends on to ${to.protocol}//${to.host}, which is not secure`,
    );
  }
}
