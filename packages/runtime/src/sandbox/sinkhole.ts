/**
 * The sinkhole of a forensic sandbox: the pod's only link ends in a second network namespace that leads nowhere. There
 * every name is answered with one address, every TCP connection is taken, and every packet is recorded as it was sent,
 * before anything changes it. Nothing of this stands in the pod's own namespace but the link.
 */
import { spawn } from 'node:child_process';
import { type FileHandle, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemFact, UndoStack } from '@stillframe/core';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { demand, run } from '../process/run.ts';
import type { SandboxNetwork, SandboxRecord } from '../store/records.ts';
import { FAR_NAMESPACE } from './namespaces.ts';
import { residentsOf } from './residents.ts';

/** Of a range for tests of networks (RFC 2544), which nobody routes, and a unique local one (RFC 4193). */
const POD = { ipv4: '198.18.0.2', ipv6: 'fd53:7469:6c6c::2' };
export const SINK = { ipv4: '198.18.0.1', ipv6: 'fd53:7469:6c6c::1' };
const LINK = 'eth0';
const FAR_END = 'pod';
const PORTS = { dnsPort: 5300, tcpPort: 5301 };
/** Bytes of recorded packets: a hostile copy must not fill the disk. The recorder ends there. */
const PCAP_LIMIT = 4 * 1024 ** 3;
/** Milliseconds that a program may take until it is ready. */
const READY = 20_000;
const PROGRAM = fileURLToPath(new URL('../sinkhole/main.ts', import.meta.url));

/**
 * Makes the link and starts recorder and sinkhole; they outlive this process and end with the pod's namespaces. `pcap`: a
 * new file for the packets. Throws ERR_PROCESS_MISSING without tcpdump, ERR_SANDBOX_INVALID for a file that is taken or
 * cannot be made, ERR_PROCESS_FAILED; the caller then removes the namespaces.
 */
export async function openSinkhole(
  context: NodeContext,
  sandboxID: string,
  net: string,
  pcap: string | undefined,
): Promise<SandboxNetwork> {
  await demandRecorder();
  const logs = join(context.folders.logs, sandboxID);
  const path = pcap ?? join(logs, 'traffic.pcap');
  await using undo = new UndoStack();
  await mkdir(logs, { recursive: true, mode: 0o755 });
  undo.push('logs', () => rm(logs, { recursive: true, force: true }));
  const far = join(context.folders.namespaces, sandboxID, FAR_NAMESPACE);
  await using packets = await newFile(path);
  undo.push('packets', () => rm(path, { force: true }));
  const ipv6 = await makeLink(net, far);
  const enter = ['nsenter', `--net=${far}`, '--'];
  const limited = ['prlimit', `--fsize=${PCAP_LIMIT}`, '--'];
  // Each packet is written as it comes. It records to a file that is open: as the user that tcpdump makes itself, it
  // could not open one here.
  const tcpdump = ['tcpdump', '--interface', FAR_END, '--immediate-mode', '-U', '-n', '-s', '0', '-w', '-'];
  await startReady([...enter, ...limited, ...tcpdump], packets, join(logs, 'recorder.log'), /listening on/);
  const notes = join(logs, 'sinkhole.jsonl');
  const settings = { ...PORTS, ipv4: SINK.ipv4, ...(ipv6 ? { ipv6: SINK.ipv6 } : {}) };
  const program = [process.execPath, '--max-old-space-size=64', PROGRAM, JSON.stringify(settings)];
  await using output = await open(notes, 'a', 0o600);
  await startReady([...enter, ...program], output, notes, /"ready":true/);
  await demand(['nsenter', `--net=${net}`, 'sh', '-ec', UP, 'sh', ipv6 ? SINK.ipv6 : ''], { timeout: 30_000 });
  undo.keep();
  return { kind: 'sinkhole', ips: [POD.ipv4, ...(ipv6 ? [POD.ipv6] : [])], pcap: path };
}

/** Removes the files of a sinkhole whose pod never came to be. */
export async function forgetSinkhole(context: NodeContext, sandboxID: string, { pcap }: SandboxNetwork): Promise<void> {
  if (pcap === undefined) return;
  await rm(pcap, { force: true });
  await rm(join(context.folders.logs, sandboxID), { recursive: true, force: true });
}

/** Which of its programs live; undefined for a pod without a sinkhole. */
export async function sinkholeState(context: NodeContext, { id, network }: SandboxRecord) {
  if (network?.kind !== 'sinkhole') return undefined;
  const residents = await residentsOf(join(context.folders.namespaces, id, FAR_NAMESPACE));
  const runs = (word: string) => residents.some(({ argv }) => argv.some((each) => each === word));
  return { recording: residents.some(({ argv }) => basename(argv[0] ?? '') === 'tcpdump'), answering: runs(PROGRAM) };
}

/** $1: the far namespace. The link comes up later, so that the recorder misses no packet. */
const NEAR = `ip link add ${LINK} type veth peer name ${FAR_END} netns "$1"
ip address add ${POD.ipv4}/30 dev ${LINK}`;
/** With conntrack, answers carry the address that was asked, whichever that was. */
const FAR = `ip link set lo up
ip address add ${SINK.ipv4}/30 dev ${FAR_END}
ip link set ${FAR_END} up
iptables -t nat -A PREROUTING -i ${FAR_END} -p udp --dport 53 -j REDIRECT --to-ports ${PORTS.dnsPort}
iptables -t nat -A PREROUTING -i ${FAR_END} -p tcp --dport 53 -j REDIRECT --to-ports ${PORTS.dnsPort}
iptables -t nat -A PREROUTING -i ${FAR_END} -p tcp -j REDIRECT --to-ports ${PORTS.tcpPort}`;
const FAR_IPV6 = `${FAR.split('\n')
  .filter((line) => line.startsWith('iptables'))
  .map((line) => line.replace('iptables', 'ip6tables'))
  .join('\n')}
ip -6 address add ${SINK.ipv6}/64 dev ${FAR_END} nodad`;
/** $1: where IPv6 goes, empty for nowhere. */
const UP = `ip link set ${LINK} up
ip route add default via ${SINK.ipv4} dev ${LINK}
[ -z "$1" ] || { ip -6 address add ${POD.ipv6}/64 dev ${LINK} nodad; ip -6 route add default via "$1" dev ${LINK}; }`;

/** Whether the link carries IPv6. */
async function makeLink(net: string, far: string): Promise<boolean> {
  await writeFile(far, '', { mode: 0o600 });
  await demand(['unshare', `--net=${far}`, 'true'], { timeout: 30_000 });
  await demand(['nsenter', `--net=${net}`, 'sh', '-ec', NEAR, 'sh', far], { timeout: 30_000 });
  await demand(['nsenter', `--net=${far}`, 'sh', '-ec', FAR], { timeout: 30_000 });
  // A kernel without IPv6 has no way out by it either.
  return (await run(['nsenter', `--net=${far}`, 'sh', '-ec', FAR_IPV6], { timeout: 30_000 })).code === 0;
}

async function demandRecorder(): Promise<void> {
  const hint = 'install the package tcpdump';
  for (const program of ['tcpdump', 'iptables']) {
    const { code } = await run([program, '--version'], { timeout: 10_000 });
    if (code !== 0)
      throw runtimeError('ERR_PROCESS_FAILED', `${program}, which a sinkhole needs, does not work`, { hint });
  }
}

async function newFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (cause) {
    throw runtimeError('ERR_SANDBOX_INVALID', `the file for packets ${path} ${systemFact(cause)}`, {
      cause,
      hint: `give a name that is free, in a folder that exists (${dirname(path)})`,
    });
  }
}

/** Starts a program that outlives this one, and waits until `log` says that it is ready. */
async function startReady(argv: readonly string[], output: FileHandle, log: string, ready: RegExp): Promise<void> {
  await using errors = await open(log, 'a', 0o600);
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd: '/', detached: true, stdio: ['ignore', output.fd, errors.fd] });
  const started = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(runtimeError('ERR_PROCESS_MISSING', `${program} is not installed`, { cause })),
    );
  });
  await started;
  child.unref();
  const said = () => readFile(log, 'utf8').catch(() => '');
  for (const deadline = Date.now() + READY; Date.now() < deadline && child.exitCode === null; await delay(20)) {
    if (ready.test(await said())) return;
  }
  child.kill('SIGKILL');
  const words = (await said()).trim().slice(-300);
  throw runtimeError('ERR_PROCESS_FAILED', `a program of the sinkhole did not get ready: ${words}`);
}
