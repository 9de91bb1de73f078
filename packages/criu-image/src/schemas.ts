/**
 * The schemas of all messages by name, for what writes them. Their descriptors are built when this is loaded, so what only
 * reads goes by shapes (`wire/shape.ts`). Whoever writes by them writes text byte for byte. The files stand one by one, since the
 * bundle takes no name of a list but those that are asked for.
 */
import './text-codec.ts';
import type { DescMessage } from '@bufbuild/protobuf';
import {
  file_confinement,
  file_fdinfo,
  file_files,
  file_inventory,
  file_ipc,
  file_memory,
  file_mounts,
  file_namespaces,
  file_process,
  file_registers,
  file_sockets,
} from './proto.ts';
import type { MessageName } from './wire/shape.ts';

const schemas = new Map(
  [
    file_confinement,
    file_fdinfo,
    file_files,
    file_inventory,
    file_ipc,
    file_memory,
    file_mounts,
    file_namespaces,
    file_process,
    file_registers,
    file_sockets,
  ]
    .flatMap(({ messages }) => messages)
    .map((schema) => [schema.typeName, schema]),
);

/** The schema of a message. */
export function schemaNamed(name: MessageName): DescMessage {
  const schema = schemas.get(name);
  if (schema === undefined) throw new TypeError(`no message is called ${name}`);
  return schema;
}
