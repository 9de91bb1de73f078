/** Who asks, as Kubernetes says it: a name, groups, and what else the authenticator knows. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Group of everybody who has proved a name. */
const AUTHENTICATED = 'system:authenticated';

/** Who proves nothing, where that is allowed. */
export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** `user` as a member of the group of those who have proved a name. */
export function authenticated(user: User): User {
  return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };
}

/** What a connection's client certificate says. `refused`: one was given that no authority here has signed for clients. */
export type CertificateSays = { readonly user: User } | 'none' | 'refused';

/**
 * Reads the certificate of a connection as Kubernetes does: common name and organizations of its subject. One with several
 * common names is refused: who signed it may have judged another one than we would take.
 */
export function certificateOf(socket: Socket): CertificateSays {
  if (!(socket instanceof TLSSocket)) return 'none';
  const { subject } = socket.getPeerCertificate();
  // An empty object stands for no certificate, whatever the type says.
  if (subject === undefined) return 'none';
  if (!socket.authorized) return 'refused';
  // Several values of one attribute come as an array, whatever the type says.
  const { CN, O } = subject as { CN?: string | string[]; O?: string | string[] };
  const [name, ...others] = [CN ?? []].flat();
  return name === undefined || name === '' || others.length > 0
    ? 'refused'
    : { user: authenticated({ name, groups: [O ?? []].flat() }) };
}
