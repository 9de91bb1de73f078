/** One socket with those who hold it and its other end: the model of `stillframe sockets`, as its JSON has it. */
import { type OpenFiles, openFlagNames, type Peer, type Socket } from '@stillframe/checkpoint';
import { type Holders, holdersOf } from '../open-files/holders.ts';

/** What is true of a socket, and who has it. */
export type SocketView = Omit<Socket, 'flags' | 'peer' | 'fileId'> & {
  /** CRIU's id of the open file. */
  file: number;
  flags: readonly string[];
  /** Name of the process that holds it first. */
  comm: string | undefined;
  holders: Holders;
  /** The other end; `holders` where it is in the checkpoint. */
  peer: { place: Peer['place']; file?: number; holders?: Holders } | undefined;
};

/** The view and, beside it, what tells the families apart for who prints it. */
export interface ShownSocket {
  socket: Socket;
  view: SocketView;
}

export function showSocket(socket: Socket, open: OpenFiles, commOf: (pid: number) => string | undefined): ShownSocket {
  const { flags, fileId, ...facts } = socket;
  const held = open.holders(fileId);
  const [first] = held;
  const view = {
    file: fileId,
    comm: first && commOf(first.pid),
    holders: holdersOf(held),
    ...facts,
    flags: openFlagNames(flags, open.files.machine),
    peer: 'peer' in socket ? peerView(socket.peer, open) : undefined,
  };
  return { socket, view };
}

function peerView(peer: Peer, open: OpenFiles): SocketView['peer'] {
  if (!('fileId' in peer)) return peer;
  return { place: peer.place, file: peer.fileId, holders: holdersOf(open.holders(peer.fileId)) };
}
