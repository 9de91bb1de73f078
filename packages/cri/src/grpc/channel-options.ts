import type { ChannelOptions } from '@grpc/grpc-js';

/** Bytes of one CRI message either way; kubelet, CRI-O and containerd use the same bound. */
export const CRI_MESSAGE_LIMIT = 16 << 20;

/** Settings for both ends of a CRI socket. */
export const criChannelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': CRI_MESSAGE_LIMIT,
  'grpc.max_send_message_length': CRI_MESSAGE_LIMIT,
};
