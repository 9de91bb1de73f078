/** Reading an image from the first of several places that has it. */
import { isCode, type Logger, messageOf, StillframeError } from '@stillframe/core';
import type { ContentReader, Place, RegistryRepository } from '@stillframe/oci';

/**
 * Reads from the first repository that knows the reference; what is read afterwards comes from that one. One that fails in
 * another way than by not having it is told as a warning.
 */
export function firstOf(repositories: readonly RegistryRepository[], logger: Logger): ContentReader {
  let chosen = repositories.at(-1);
  const current = (): RegistryRepository => {
    if (!chosen) throw new StillframeError('ERR_OCI_REGISTRY_UNREACHABLE', 'unavailable', 'no registry is left to ask');
    return chosen;
  };
  return {
    async resolve(reference, options) {
      for (const [index, repository] of repositories.entries()) {
        try {
          const found = await repository.resolve(reference, options);
          chosen = repository;
          return found;
        } catch (error) {
          options?.signal?.throwIfAborted();
          if (index === repositories.length - 1) throw error;
          const level = isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN') ? 'debug' : 'warn';
          logger.log(level, 'mirror passed over', { mirror: repository.registry, reason: messageOf(error) });
        }
      }
      return current().resolve(reference, options);
    },
    manifest: (descriptor, options) => current().manifest(descriptor, options),
    stream: (descriptor, options) => current().stream(descriptor, options),
    open: (descriptor, options) => current().open(descriptor, options),
    referrers: (digest, options) => current().referrers(digest, options),
    get place(): Place {
      return current().place;
    },
  };
}
