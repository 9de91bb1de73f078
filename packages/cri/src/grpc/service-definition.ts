/** The border between protobuf-es and grpc-js: one generated service as grpc-js wants it described. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { create, type DescMessage, type DescMethod, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type { MethodDefinition } from '@grpc/grpc-js';

/** The methods of a generated service by their names in TypeScript: `MethodsOf<typeof RuntimeService>`. */
export type MethodsOf<Service> = Service extends GenService<infer Methods> ? Methods : never;

/** Messages either way are given as init objects (plain, with what differs from the defaults) and received whole. */
export type MethodDefinitionOf<Method extends GenServiceMethods[string]> = MethodDefinition<
  MessageInitShape<Method['input']>,
  MessageInitShape<Method['output']>
>;

/** A grpc-js service definition with a key for each method, `listPodSandbox` for ListPodSandbox. */
export type ServiceDefinitionOf<Methods extends GenServiceMethods> = {
  readonly [Name in keyof Methods]: MethodDefinitionOf<Methods[Name]>;
};

/** Describes `service` to grpc-js, for `Server.addService`. */
export function serviceDefinition<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
): ServiceDefinitionOf<Methods> {
  const entries = methodsOf(service).map((method) => [method.localName, methodDefinition(method)]);
  // The keys of the generated type are the localName of each method; fromEntries cannot know.
  return Object.fromEntries(entries) as ServiceDefinitionOf<Methods>;
}

/** Describes one method to grpc-js. */
export function methodDefinition(method: DescMethod): MethodDefinitionOf<DescMethod> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    originalName: method.localName,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: serializer(method.input),
    requestDeserialize: deserializer(method.input),
    responseSerialize: serializer(method.output),
    responseDeserialize: deserializer(method.output),
  };
}

/** The methods of a generated service, in the order of the .proto file. */
export function methodsOf<Methods extends GenServiceMethods>(service: GenService<Methods>): readonly DescMethod[] {
  return service.methods;
}

function serializer<Schema extends DescMessage>(schema: Schema): (message: MessageInitShape<Schema>) => Buffer {
  return (message) => {
    const bytes = toBinary(schema, create(schema, message));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function deserializer<Schema extends DescMessage>(schema: Schema): (bytes: Buffer) => MessageShape<Schema> {
  return (bytes) => fromBinary(schema, bytes);
}
