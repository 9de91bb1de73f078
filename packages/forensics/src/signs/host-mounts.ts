/** What of the host a container has mounted. */
import type { Tables } from '../analysers/index.ts';
import type { EvidenceReference } from '../reference.ts';

/** One mount with a place of the host behind it. */
export interface HostMount {
  readonly mountpoint: string;
  /** Path on the host. */
  readonly source: string;
  readonly readOnly: boolean;
  readonly reference: EvidenceReference;
}

/** Of the dump; where that has no mounts, of the specification. */
export function hostMounts({ mounts, container }: Pick<Tables, 'mounts' | 'container'>): readonly HostMount[] {
  if (mounts.length === 0) {
    return (container.spec?.mounts ?? []).flatMap(({ destination, type, source, options }) => {
      const bound = type === 'bind' || options.includes('bind') || options.includes('rbind');
      if (!bound || !source?.startsWith('/')) return [];
      const reference = { kind: 'entry', name: 'spec.dump' } as const;
      return [{ mountpoint: destination, source: plain(source), readOnly: options.includes('ro'), reference }];
    });
  }
  return mounts.flatMap(({ mountpoint, spec, role, root, type, flagNames }) => {
    const source =
      spec === undefined ? (role === 'external' && type === 'bind' && root !== '/' ? root : undefined) : spec.source;
    const isBind = spec === undefined || spec.type === 'bind' || spec.options.some((option) => /^r?bind$/.test(option));
    if (role === 'root' || !isBind || !source?.startsWith('/')) return [];
    return [
      {
        mountpoint,
        source: plain(source),
        readOnly: flagNames.includes('ro'),
        reference: { kind: 'mount', mountpoint } as const,
      },
    ];
  });
}

function plain(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/** Sockets by which containers of the host are made. */
export const RUNTIME_SOCKET =
  /(?:^|\/)(?:docker|containerd|crio|podman|cri-dockerd|dockershim|frakti|buildkitd|k3s|rke2|lxd|stillframe[\w-]*)\.sock(?:\.ttrpc)?$|\/(?:lxd|incus)\/unix\.socket$/;
