/** The files of a pod that its containers see below /etc: name, addresses by name, and where names are asked. */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { runtimeError } from '../errors.ts';

/** Where and how a pod asks for names (CRI DNSConfig, resolv.conf(5)). */
export interface DnsRequest {
  servers: readonly string[];
  searches: readonly string[];
  options: readonly string[];
}

/** Entries of a list, and bytes taken of the host's resolv.conf. */
const ENTRIES = 64;
const HOST_LIMIT = 64 << 10;

/** Text of /etc/resolv.conf; undefined where the request says nothing. Throws ERR_SANDBOX_INVALID. */
export function resolvConf({ servers, searches, options }: DnsRequest): string | undefined {
  if (servers.length + searches.length + options.length === 0) return undefined;
  for (const list of [servers, searches, options]) {
    // One line each: a blank or a line's end in a word would make another setting of it.
    const wrong = list.find((word) => !/^[\x21-\x7e]{1,255}$/.test(word));
    if (wrong !== undefined) throw invalid(`${JSON.stringify(wrong)} is no word`);
    if (list.length > ENTRIES) throw invalid(`more than ${ENTRIES} entries`);
  }
  const server = servers.find((address) => isIP(address) === 0);
  if (server !== undefined) throw invalid(`the server ${JSON.stringify(server)} is no IP address`);
  const lines = [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map((address) => `nameserver ${address}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function invalid(why: string) {
  return runtimeError('ERR_SANDBOX_INVALID', `DNS configuration: ${why}`);
}

/** Text of /etc/hosts. */
export function hostsFile(hostname: string, ips: readonly string[]): string {
  const own = (ips.length > 0 ? ips : ['127.0.0.1']).map((ip) => `${ip}\t${hostname}`);
  return `${['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', ...own].join('\n')}\n`;
}

/** Writes the files into `folder`, the sandbox's own; `dns` undefined: as on the host. */
export async function writePodFiles(
  folder: string,
  { hostname, ips, dns }: { hostname: string; ips: readonly string[]; dns: string | undefined },
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o644 });
  await write('hostname', `${hostname}\n`);
  await write('hosts', hostsFile(hostname, ips));
  await write('resolv.conf', dns ?? (await hostText('/etc/resolv.conf')));
}

async function hostText(path: string): Promise<string> {
  try {
    await using handle = await open(path, 'r');
    const bytes = Buffer.alloc(HOST_LIMIT);
    const { bytesRead } = await handle.read(bytes, 0, HOST_LIMIT, 0);
    return bytes.toString('utf8', 0, bytesRead);
  } catch {
    // A host that resolves without it is none to copy from: the pod then knows only its own names.
    return '';
  }
}
