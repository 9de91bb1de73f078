/** The shape of an RPC file: a value that turns the node into the handler of one method. */
import type { EmbeddedNode } from '@stillframe/runtime';
import type { ServiceHandlers } from '../grpc/implementation.ts';
import type { MethodsOf } from '../grpc/service-definition.ts';
import type { ImageService, RuntimeService } from '../proto.ts';
import type { StreamingServer } from '../streaming/server.ts';

type RuntimeHandlers = ServiceHandlers<MethodsOf<typeof RuntimeService>>;
type ImageHandlers = ServiceHandlers<MethodsOf<typeof ImageService>>;

export type RuntimeRpc<Name extends keyof RuntimeHandlers> = (
  node: EmbeddedNode,
  streaming: StreamingServer,
) => RuntimeHandlers[Name];
export type ImageRpc<Name extends keyof ImageHandlers> = (node: EmbeddedNode) => ImageHandlers[Name];
