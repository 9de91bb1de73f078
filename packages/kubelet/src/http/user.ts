/** Who asks: the subject of the client certificate. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ADMIN_GROUP } from '../pki/node-pki.ts';

/** As Kubernetes reads a certificate: common name and organizations of its subject. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** The user of a connection whose certificate our authority signed for clients; undefined for any other. */
export function userOf(socket: Socket): User | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // Several values of one attribute come as an array, whatever the type says.
  const { CN, O } = (socket.getPeerCertificate().subject ?? {}) as { CN?: string | string[]; O?: string | string[] };
  const name = [CN ?? []].flat()[0];
  return name === undefined ? undefined : { name, groups: [O ?? []].flat() };
}

/** Whether the user may do everything here. There is no finer right: whoever checkpoints reads all memory. */
export function mayAsk(user: User): boolean {
  return user.groups.includes(ADMIN_GROUP);
}
