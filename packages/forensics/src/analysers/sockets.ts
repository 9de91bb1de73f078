/** Sockets, with who holds them. */
import { type Descriptor, readSockets, type Socket } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export type SocketRow = Socket & { readonly holders: readonly Descriptor[] };

export const sockets: Analyser<readonly SocketRow[]> = {
  title: 'sockets',
  async read({ checkpoint: { images }, open, signal }) {
    const rows: SocketRow[] = [];
    for await (const socket of readSockets(images, open, { signal }))
      rows.push({ ...socket, holders: open.holders(socket.fileId) });
    return rows;
  },
};
