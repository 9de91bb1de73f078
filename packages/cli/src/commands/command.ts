/** What a command file exports, and the options that many share. */

import { resolve } from 'node:path';
import { defaultPaths } from '@stillframe/runtime/place';
import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';

/** Adds the command to the program. Its action reports an exit code through `done`; none means success. */
export type RegisterCommand = (program: Command, io: Io, done: (code: number | undefined) => void) => void;

export type OutputFormat =
  | ('table' | 'tree' | 'json' | 'jsonl' | 'hex' | 'raw')
  | ('sarif' | 'stix' | 'ocsf' | 'case')
  | ('timesketch' | 'plaso');

/** `--output`, with the formats that make sense for the command; the first is the default. */
export function outputOption(...formats: [OutputFormat, ...OutputFormat[]]): Option {
  return new Option('-o, --output <format>', 'how the result is printed').choices(formats).default(formats[0]);
}

export interface NodePlace {
  root: string;
  state: string;
}

/** Where the embedded node keeps its things; the same for every command that speaks to it. */
export function withNodePlace(command: Command): Command {
  return command
    .addOption(
      new Option('--root <folder>', 'durable data of the node')
        .env('STILLFRAME_ROOT')
        .argParser(absolute)
        .default(defaultPaths.root),
    )
    .addOption(
      new Option('--state <folder>', 'sockets and run-time state')
        .env('STILLFRAME_STATE')
        .argParser(absolute)
        .default(defaultPaths.state),
    );
}

/** A node in the background works in another folder than its user, and clients of sockets want whole paths. */
function absolute(path: string): string {
  return path === '' ? path : resolve(path);
}

/** `--cri` with its meaning. */
export function criOption(description: string): Option {
  return new Option('--cri <socket>', description).argParser((socket: string) =>
    socket.startsWith('unix:') ? socket : absolute(socket),
  );
}

/** `--cri`: any runtime's socket instead of the embedded node's. */
export function withCri(command: Command): Command {
  const option = criOption('CRI socket of another runtime, such as /run/crio/crio.sock').env('STILLFRAME_CRI');
  return withNodePlace(command).addOption(option);
}

/** `--fill-files` and `--image`: where pages of mapped files come from that were not captured. */
export function withFiles(command: Command): Command {
  return command
    .option('--fill-files', 'take pages of mapped files from the checkpoint’s own files where it has them')
    .option('--image <where>', 'and from the container’s image: layout, tar or folder, oci:LAYOUT[:TAG], or reference');
}
