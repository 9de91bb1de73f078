/** What a command is told about registries: its options, the files of containers-registries.conf(5), and the connections of both. */
import { harmless, type Logger } from '@stillframe/core';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from '../io.ts';
import { openRegistries, type Registries } from '../registries.ts';
import { readRegistriesConf } from './conf-files.ts';
import { fileLedger } from './upload-files.ts';

/** As commander gives them. */
export interface RegistryFlags {
  registriesConf?: string;
  tlsVerify?: boolean;
  certDir?: string;
}

const GROUP = 'Registries:';
const TLS_VERIFY = 'false takes any certificate, and plain HTTP where there is no HTTPS; true takes neither';
const CERT_DIR = 'folder with ca.crt, client.cert and client.key, in place of those in certs.d (docs/images.md)';

/** Options of a command that has to do with one registry. */
export function withRegistry(command: Command): Command {
  return withConf(command).addOption(verifyOption('tls-verify', '')).addOption(certOption('cert-dir', ''));
}

/** Options of a command that goes from one registry to another, as skopeo has them. */
export function withTwoRegistries(command: Command): Command {
  withConf(command);
  for (const [side, what] of [
    ['src', 'where it is read: '],
    ['dest', 'where it is written: '],
  ] as const)
    command.addOption(verifyOption(`${side}-tls-verify`, what)).addOption(certOption(`${side}-cert-dir`, what));
  return command;
}

function withConf(command: Command): Command {
  const about =
    'mirrors and insecure registries, TOML; by default as podman finds it (env: CONTAINERS_REGISTRIES_CONF)';
  return command.addOption(new Option('--registries-conf <file>', about).helpGroup(GROUP));
}

function verifyOption(name: string, what: string): Option {
  return new Option(`--${name} <true|false>`, `${what}${TLS_VERIFY}`).argParser(truthOf).helpGroup(GROUP);
}

function truthOf(word: string): boolean {
  if (word !== 'true' && word !== 'false') throw new InvalidArgumentError('It is true or false.');
  return word === 'true';
}

function certOption(name: string, what: string): Option {
  return new Option(`--${name} <folder>`, `${what}${CERT_DIR}`).helpGroup(GROUP);
}

/** The connections that a command's options and the configuration ask for. Throws ERR_REGISTRIES_CONF. */
export async function connectRegistries(io: Io, flags: RegistryFlags = {}): Promise<Registries> {
  const { env } = io;
  const rules = await readRegistriesConf({
    home: env['HOME'],
    file: flags.registriesConf ?? (env['CONTAINERS_REGISTRIES_CONF'] || undefined),
  });
  return openRegistries(env, {
    rules,
    verify: flags.tlsVerify,
    certificates: flags.certDir,
    uploads: fileLedger(env),
    logger: noteLogger(io),
  });
}

/** What a person should know, a line each on stderr. */
function noteLogger(io: Pick<Io, 'err'>): Logger {
  return {
    log(level, message, fields = {}) {
      if (level !== 'warn') return;
      io.err(`note: ${[message, ...Object.values(fields).map(String)].map(harmless).join(': ')}\n`);
    },
  };
}
